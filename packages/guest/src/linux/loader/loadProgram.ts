/** Loads a program into an empty address space: image, stack, dynamic loader, vdso, initial registers. */
import { CpuSlot, pageSize } from "@emu/tcg/Layout"
import * as Result from "effect/Result"
import { type Elf, SegmentFlag, SegmentType } from "../../elf/Elf.ts"
import { ElfError } from "../../elf/ElfError.ts"
import type { HostFsShape } from "../../HostFs.ts"
import type { LinuxAbi } from "../kernel/Abi.ts"
import { Errno } from "../kernel/errno.ts"
import { toBytes } from "../user/byteStrings.ts"
import { type AddressSpace, pageUp } from "../memory/AddressSpace.ts"
import type { MappedFile } from "../memory/MappedFile.ts"
import { Prot } from "../memory/Prot.ts"
import { Aux, stackNeed, writeStack } from "./initialStack.ts"
import { LoadError } from "./LoadError.ts"
import { fits, type Image, mapElf, span } from "./mapElf.ts"
import { cannotOpen, openProgram, type ProgramFile } from "./openProgram.ts"

/** Where position-independent programs go: two thirds of 2^32, as in QEMU. */
const relocatableBase = 0xaaaac000
const clockTicks = 100

/** What is to be started, and with what. */
export interface LoadRequest {
  /** Absolute path on the host. */
  readonly hostPath: string
  /** As the user typed it, for error messages. */
  readonly shownPath: string
  /** Byte strings. */
  readonly argv: ReadonlyArray<string>
  readonly env: ReadonlyArray<string>
  /** AT_EXECFN, a byte string. */
  readonly execFn: string
  /** Absolute path of the program in the guest: the name in /proc/self/maps. */
  readonly path: string
  /** Bytes. */
  readonly stackSize: number
  /** 16 bytes for AT_RANDOM. */
  readonly random: Uint8Array
  readonly identity: { readonly uid: number; readonly euid: number; readonly gid: number; readonly egid: number }
  /** The host path of an absolute guest path, or a negative errno: where to find the dynamic loader. */
  readonly hostPathOf: (guestPath: string) => string | number
}

/** A program ready to run. */
export interface LoadedProgram {
  readonly image: Image
  readonly aux: Uint8Array<ArrayBuffer>
  readonly vdsoBase: number
}

type Loaded<A> = Result.Result<A, LoadError | ElfError>

/**
 * Loads a program. On failure the address space holds leftovers, and is to be cleared.
 *
 * The order of the mappings decides their addresses and is QEMU's: program, stack, dynamic loader, vdso.
 */
export const loadProgram = (
  host: HostFsShape,
  abi: LinuxAbi,
  space: AddressSpace,
  request: LoadRequest
): Loaded<LoadedProgram> => {
  const program = openProgram(host, request.hostPath, request.shownPath)
  if (Result.isFailure(program)) return Result.fail(program.failure)
  const { elf } = program.success
  const image = mapProgram(space, { elf, file: named(program.success.file, request.path) }, relocatableBase)
  if (Result.isFailure(image)) return Result.fail(image.failure)
  space.breakStart = space.breakEnd = image.success.end

  const stack = mapStack(space, elf, request)
  if (Result.isFailure(stack)) return Result.fail(stack.failure)
  const interpreter = mapInterpreter(host, abi, space, elf, request)
  if (Result.isFailure(interpreter)) return Result.fail(interpreter.failure)
  const vdsoBase = space.choose(abi.vdsoSize, 0)
  if (vdsoBase === undefined) return noRoom(request)
  space.map(vdsoBase, vdsoBase + abi.vdsoSize, { prot: Prot.read | Prot.exec, name: "[vdso]" })
  space.pages.bytesToFill(vdsoBase, abi.vdso.length).set(abi.vdso)

  const contents = {
    argv: request.argv.map(toBytes),
    env: request.env.map(toBytes),
    execFn: toBytes(request.execFn),
    random: request.random,
    aux: auxOf(abi, elf, image.success, interpreter.success, vdsoBase, request)
  }
  if (stackNeed(contents) > request.stackSize / 4) {
    return Result.fail(
      new LoadError({
        path: request.shownPath,
        reason: "its arguments and environment are too large for its stack",
        errno: Errno.E2BIG
      })
    )
  }
  const { pointer, aux } = writeStack(space.state, { ...contents, top: stack.success })
  space.state.i64[abi.stackSlot] = BigInt(pointer)
  space.state.i64[CpuSlot.pc] = BigInt(interpreter.success?.entry ?? image.success.entry)
  space.state.i64[CpuSlot.reserveAddress] = -1n
  return Result.succeed({ image: image.success, aux, vdsoBase })
}

const mapProgram = (space: AddressSpace, program: ProgramFile, base: number): Loaded<Image> => {
  const { elf, file } = program
  const bias = elf.isRelocatable ? base - span(elf).start : 0
  if (!fits(elf, bias)) {
    file.close()
    return Result.fail(new ElfError({ path: elf.path, reason: "its segments do not fit into guest memory" }))
  }
  return Result.succeed(mapElf(space, elf, file, bias))
}

/** Whether a program asks for a stack that code can run on (PT_GNU_STACK, elf(5)): GCC's nested functions need one. */
const hasExecutableStack = ({ segments }: Elf): boolean =>
  segments.some(({ flags, type }) => type === SegmentType.stack && (flags & SegmentFlag.exec) !== 0)

/** Maps a guard page and the stack above it; the stack's top. */
const mapStack = (space: AddressSpace, elf: Elf, request: LoadRequest): Loaded<number> => {
  const size = pageUp(request.stackSize)
  const guard = space.choose(size + pageSize, 0)
  if (guard === undefined) return noRoom(request)
  const top = guard + pageSize + size
  const prot = Prot.read | Prot.write | (hasExecutableStack(elf) ? Prot.exec : 0)
  space.map(guard, guard + pageSize, { prot: Prot.none })
  space.map(guard + pageSize, top, { prot, name: "[stack]" })
  return Result.succeed(top)
}

/** Where libraries for the guest are, if a cross compiler of Debian or Ubuntu has brought some. */
const sysrootHint = (host: HostFsShape, { machine }: LinuxAbi): string => {
  const likely = `/usr/${machine}-linux-gnu`
  const isThere = typeof host.stat(likely) !== "number"
  return `; -L names the directory of the guest's libraries${isThere ? `: try -L ${likely}` : ""}`
}

const mapInterpreter = (
  host: HostFsShape,
  abi: LinuxAbi,
  space: AddressSpace,
  elf: Elf,
  request: LoadRequest
): Loaded<Image | undefined> => {
  if (elf.interpreter === undefined) return Result.succeed(undefined)
  const hostPath = request.hostPathOf(elf.interpreter)
  const opened =
    typeof hostPath === "number"
      ? Result.fail(cannotOpen(elf.interpreter, hostPath))
      : openProgram(host, hostPath, elf.interpreter)
  if (Result.isFailure(opened)) {
    const missing = opened.failure._tag === "LoadError"
    const hint = missing ? sysrootHint(host, abi) : ""
    const reason = `its dynamic loader ${elf.interpreter} cannot be used: ${opened.failure.reason}${hint}`
    const errno = opened.failure._tag === "LoadError" ? opened.failure.errno : Errno.ELIBBAD
    return Result.fail(new LoadError({ path: request.shownPath, reason, errno }))
  }
  const { start, end } = span(opened.success.elf)
  const base = space.choose(end - start, 0)
  if (base === undefined) {
    opened.success.file.close()
    return noRoom(request)
  }
  return mapProgram(space, opened.success, base)
}

const auxOf = (
  abi: LinuxAbi,
  elf: Elf,
  image: Image,
  interpreter: Image | undefined,
  vdsoBase: number,
  request: LoadRequest
): ReadonlyArray<readonly [number, number]> => [
  [Aux.phdr, image.headers],
  [Aux.phent, 56],
  [Aux.phnum, elf.segments.length],
  [Aux.pageSize, pageSize],
  [Aux.base, interpreter?.start ?? 0],
  [Aux.flags, 0],
  [Aux.entry, image.entry],
  [Aux.uid, request.identity.uid],
  [Aux.euid, request.identity.euid],
  [Aux.gid, request.identity.gid],
  [Aux.egid, request.identity.egid],
  [Aux.hwcap, abi.hwcap],
  [Aux.clockTicks, clockTicks],
  [Aux.random, 0],
  [Aux.secure, 0],
  [Aux.execFn, 0],
  [Aux.sysinfoEhdr, vdsoBase],
  [Aux.null, 0]
]

/** The same file under the name that the guest knows. */
const named = (file: MappedFile, path: string): MappedFile => ({ ...file, path })

const noRoom = (request: LoadRequest): Result.Result<never, LoadError> =>
  Result.fail(
    new LoadError({
      path: request.shownPath,
      reason: "guest memory has no room for its stack and loader",
      errno: Errno.ENOMEM
    })
  )
