/** Call frame information: what compilers write, by hand, and that nothing damaged throws. */
import { CallFrames } from "@emu/guest/elf/callFrames"
import { SegmentFlag, SegmentType } from "@emu/guest/elf/Elf"
import { assert, describe, it } from "@effect/vitest"

const i32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255]
/** An entry with its length before it, padded with DW_CFA_nop. */
const entry = (bytes: ReadonlyArray<number>) => {
  const padded = [...bytes, ...Array.from({ length: -bytes.length & 3 }, () => 0)]
  return [...i32(padded.length), ...padded]
}
const address = 0x1000
const functionAt = 0x1800

/** A file with one function of 32 bytes: its frame is made at 2, saves ra and s0 at 4, and is undone and made again at 16. */
const makeFile = () => {
  const headerSize = 20
  // version 1, "zR", code factor 1, data factor -8, ra; FDEs' pointers are sdata4|pcrel; CFA is sp
  const common = entry([...i32(0), 1, 0x7a, 0x52, 0, 1, 0x78, 1, 1, 0x1b, 0x0c, 2, 0])
  const at = headerSize + common.length
  const pointerAt = at + 8
  const instructions = [
    [0x42, 0x0e, 32], // advance 2, CFA offset 32
    [0x42, 0x81, 1, 0x88, 2], // advance 2, ra at -8, s0 at -16
    [0x02, 12, 0x0a, 0x0e, 0, 0xc1, 0xc8], // advance_loc1 12, remember, offset 0, restore both
    [0x44, 0x0b] // advance 4, restore_state
  ].flat()
  const own = entry([
    ...i32(at + 4 - headerSize),
    ...i32(functionAt - (address + pointerAt)),
    ...i32(32),
    0,
    ...instructions
  ])
  const header = [1, 0x1b, 0x03, 0x3b, ...i32(headerSize - 4), ...i32(1), ...i32(functionAt - address), ...i32(at)]
  const bytes = Uint8Array.from([...header, ...common, ...own])
  const segment = { flags: SegmentFlag.read, offset: 0, address, fileSize: bytes.length, memorySize: bytes.length, align: 8 }
  return {
    bytes,
    loads: [{ ...segment, type: SegmentType.load }],
    segments: [{ ...segment, type: SegmentType.ehFrame }]
  }
}

describe("call frames", () => {
  const frames = new CallFrames(makeFile())
  const both = { 1: -8, 8: -16 }

  it.each([
    { offset: 0, frame: 0, saved: {} },
    { offset: 2, frame: 32, saved: {} },
    { offset: 4, frame: 32, saved: both },
    { offset: 15, frame: 32, saved: both },
    { offset: 16, frame: 0, saved: {} },
    { offset: 20, frame: 32, saved: both },
    { offset: 31, frame: 32, saved: both }
  ])("gives the rule $offset bytes behind the function's beginning", ({ frame, offset, saved }) => {
    const rule = frames.at(functionAt + offset)
    assert.isDefined(rule)
    assert.strictEqual(rule.register, 2)
    assert.strictEqual(rule.offset, frame)
    assert.deepStrictEqual(Object.fromEntries(rule.saved), saved)
    assert.strictEqual(rule.returnRegister, 1)
  })

  it.each([0, functionAt - 2, functionAt + 32, 2 ** 53])("knows nothing of %i, outside of functions", (outside) => {
    assert.isUndefined(frames.at(outside))
  })

  it("throws nothing whatever a file has", () => {
    const file = makeFile()
    for (let at = 0; at < file.bytes.length; at++) {
      for (const value of [0, 0x7f, 0x80, 0xff]) {
        const bytes = Uint8Array.from(file.bytes)
        bytes[at] = value
        const damaged = new CallFrames({ ...file, bytes })
        assert.doesNotThrow(() => [0, 8, 20].map((offset) => damaged.at(functionAt + offset)))
      }
    }
  })
})
