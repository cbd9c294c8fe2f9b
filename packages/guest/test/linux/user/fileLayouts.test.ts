/** Structures against the C library's: offsets printed by a program built with riscv64-linux-gnu-gcc 12.2 (offsetof, sizeof). */
import { assert, describe, it } from "@effect/vitest"
import { encodeDirent, encodeStat, encodeStatfs, encodeStatx } from "@emu/guest/linux/user/fileLayouts"

const stat = {
  dev: 0x0123_0000_0405n,
  ino: 2n ** 63n + 7n,
  mode: 0o100644,
  nlink: 3,
  uid: 4,
  gid: 5,
  rdev: 0x0102n,
  size: 2 ** 40,
  blksize: 512,
  blocks: 9,
  atimeNs: 1_000_000_001n,
  mtimeNs: -1n,
  ctimeNs: 3_000_000_003n,
  birthtimeNs: 4_000_000_004n
}

const structStat: ReadonlyArray<readonly [field: string, offset: number, bytes: number, value: bigint]> = [
  ["st_dev", 0, 8, stat.dev],
  ["st_ino", 8, 8, stat.ino],
  ["st_mode", 16, 4, BigInt(stat.mode)],
  ["st_nlink", 20, 4, 3n],
  ["st_uid", 24, 4, 4n],
  ["st_gid", 28, 4, 5n],
  ["st_rdev", 32, 8, stat.rdev],
  ["st_size", 48, 8, BigInt(stat.size)],
  ["st_blksize", 56, 4, 512n],
  ["st_blocks", 64, 8, 9n],
  ["st_atim.tv_sec", 72, 8, 1n],
  ["st_atim.tv_nsec", 80, 8, 1n],
  ["st_mtim.tv_sec", 88, 8, 2n ** 64n - 1n],
  ["st_mtim.tv_nsec", 96, 8, 999_999_999n],
  ["st_ctim.tv_sec", 104, 8, 3n],
  ["st_ctim.tv_nsec", 112, 8, 3n]
]

const structStatx: typeof structStat = [
  ["stx_mask", 0, 4, 0xfffn],
  ["stx_blksize", 4, 4, 512n],
  ["stx_nlink", 16, 4, 3n],
  ["stx_uid", 20, 4, 4n],
  ["stx_gid", 24, 4, 5n],
  ["stx_mode", 28, 2, BigInt(stat.mode)],
  ["stx_ino", 32, 8, stat.ino],
  ["stx_size", 40, 8, BigInt(stat.size)],
  ["stx_blocks", 48, 8, 9n],
  ["stx_atime.tv_sec", 64, 8, 1n],
  ["stx_atime.tv_nsec", 72, 4, 1n],
  ["stx_btime.tv_sec", 80, 8, 4n],
  ["stx_ctime.tv_sec", 96, 8, 3n],
  ["stx_mtime.tv_sec", 112, 8, 2n ** 64n - 1n],
  ["stx_rdev_major", 128, 4, 1n],
  ["stx_rdev_minor", 132, 4, 2n],
  ["stx_dev_major", 136, 4, 4n],
  ["stx_dev_minor", 140, 4, 0x1230_0005n]
]

const fileSystem = { type: 1n, bsize: 4096, blocks: 2n, bfree: 3n, bavail: 4n, files: 5n, ffree: 6n }

const structStatfs: typeof structStat = [
  ["f_type", 0, 8, 1n],
  ["f_bsize", 8, 8, 4096n],
  ["f_blocks", 16, 8, 2n],
  ["f_bfree", 24, 8, 3n],
  ["f_bavail", 32, 8, 4n],
  ["f_files", 40, 8, 5n],
  ["f_ffree", 48, 8, 6n],
  ["f_namelen", 64, 8, 255n],
  ["f_frsize", 72, 8, 4096n]
]

const field = (bytes: Uint8Array, offset: number, size: number): bigint =>
  bytes.slice(offset, offset + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

/** Values of the fields as they lie in the bytes. */
const read = (bytes: Uint8Array, fields: typeof structStat) =>
  fields.map(([name, offset, width]) => [name, offset, width, field(bytes, offset, width)] as const)

describe("structures in guest memory", () => {
  it.each([
    ["stat", encodeStat(stat), 128, structStat],
    ["statx", encodeStatx(stat), 256, structStatx],
    ["statfs", encodeStatfs(fileSystem), 120, structStatfs]
  ] as const)("struct %s", (_, bytes, size, fields) => {
    assert.strictEqual(bytes.length, size)
    assert.deepStrictEqual(read(bytes, fields), fields)
  })
  it("struct dirent64: name at 19, length a multiple of 8", () => {
    for (const name of ["a", "abcd", "abcde", "\xff\xfe"]) {
      const bytes = encodeDirent({ name, type: 8, ino: 5n }, 3)
      assert.strictEqual(bytes.length % 8, 0)
      assert.isAtLeast(bytes.length, 19 + name.length + 1)
      assert.deepStrictEqual(
        [field(bytes, 0, 8), field(bytes, 8, 8), field(bytes, 16, 2), field(bytes, 18, 1)],
        [5n, 3n, BigInt(bytes.length), 8n]
      )
      assert.strictEqual(String.fromCharCode(...bytes.slice(19, 19 + name.length)), name)
    }
  })
})
