/** The functions of a module that look at the page table for its regions: the same in every module, so written only once. */
import { PageFlag, pageShift, pageTableBase } from "../../../Layout.ts"
import { CodeWriter, type FunctionBody } from "../../../wasm/CodeWriter.ts"
import type { ModuleWriter } from "../../../wasm/ModuleWriter.ts"
import { Insn, ValType } from "../../../wasm/Wasm.ts"
import { Cell, Window } from "../Runtime.ts"

/** Functions of `JitImports` that checks call, by their numbers. */
export interface CheckImports {
  readonly moveWindow: number
  readonly bringIn: number
  /** The module's function `findHigh`. */
  readonly findHigh: number
}

/**
 * Writes what a check does that finds an access allowed of which its window knew nothing: counts the miss, and moves the
 * window where the count is a power of two. So an access that goes to and fro costs few moves.
 */
const noteMiss = (code: CodeWriter, window: number, moveWindow: number, pushAddress: () => void): void => {
  const misses = code.local(ValType.i32)
  code.get(window)
  code.get(window)
  code.memory(Insn.i32_load, Window.misses)
  code.i32(1)
  code.op(Insn.i32_add)
  code.tee(misses)
  code.memory(Insn.i32_store, Window.misses)
  code.get(misses)
  code.get(misses)
  code.i32(1)
  code.op(Insn.i32_sub)
  code.op(Insn.i32_and)
  code.op(Insn.i32_eqz)
  code.ifUnlikely()
  code.get(window)
  pushAddress()
  code.call(moveWindow)
  code.end()
}

/**
 * Adds the module's check of a stretch of pages: `(address: i64, size - 1: i32, flags: i32, window: i32) -> i32`. Gives 1 where
 * one of them lacks one of the flags.
 */
export const addRangeCheck = (module: ModuleWriter, imports: CheckImports): number => {
  const { i32, i64 } = ValType
  return module.helper(module.type([i64, i32, i32, i32], [i32]), "check_range", (rangeCheck ??= writeRangeCheck(imports)))
}

/** Modules import these at the same places, so that they share the functions' bodies. */
let rangeCheck: FunctionBody | undefined

const writeRangeCheck = ({ bringIn, moveWindow }: CheckImports): FunctionBody => {
  const code = new CodeWriter(4)
  const [first, last, flags, window] = [0, 1, 2, 3] as const
  const page = code.local(ValType.i32)
  const end = code.local(ValType.i32)
  const pageOf = (push: () => void, into: number) => {
    push()
    code.i32(pageShift)
    code.op(Insn.i32_shr_u)
    code.set(into)
  }
  // Neither the first byte nor the last one may be beyond 32 bits.
  code.get(first)
  code.get(last)
  code.op(Insn.i64_extend_i32_u)
  code.op(Insn.i64_add)
  code.get(first)
  code.op(Insn.i64_or)
  code.i64(32n)
  code.op(Insn.i64_shr_u)
  code.op(Insn.i64_eqz)
  code.if()
  const low = () => {
    code.get(first)
    code.op(Insn.i32_wrap_i64)
  }
  pageOf(low, page)
  pageOf(() => {
    low()
    code.get(last)
    code.op(Insn.i32_add)
  }, end)
  const next = code.loop()
  pushAllows(code, page, flags)
  code.if()
  code.get(page)
  code.get(end)
  code.op(Insn.i32_eq)
  code.if()
  noteMiss(code, window, moveWindow, low)
  code.i32(0)
  code.op(Insn.return)
  code.end()
  code.get(page)
  code.i32(1)
  code.op(Insn.i32_add)
  code.set(page)
  code.br(next)
  code.end()
  // It may be allowed once it has been brought in.
  code.i32(0)
  code.get(page)
  code.op(Insn.i64_extend_i32_u)
  code.i64(BigInt(pageShift))
  code.op(Insn.i64_shl)
  code.memory(Insn.i64_store, Cell.address)
  code.i32(0)
  code.get(flags)
  code.call(bringIn)
  code.if()
  pushAllows(code, page, flags)
  code.brIf(next)
  code.end()
  code.end()
  code.end()
  code.i32(1)
  return code.body()
}

/** Pushes whether a page, whose number is in a local, has all flags in another, and can be counted on to keep them. */
const pushAllows = (code: CodeWriter, page: number, flags: number): void => {
  code.get(page)
  code.memory(Insn.i32_load8_u, pageTableBase)
  code.get(flags)
  code.i32(PageFlag.volatile)
  code.op(Insn.i32_or)
  code.op(Insn.i32_and)
  code.get(flags)
  code.op(Insn.i32_eq)
}

/** How many pages are looked at for room. */
const maxRoomPages = 256

/**
 * Adds the module's measure of room: `(address: i64, flags: i32, direction: i32) -> i64`. Gives how many bytes from an address on,
 * itself included, are in pages that have all flags: upwards for direction 1, downwards for -1. It looks at 256 pages at the most.
 */
export const addRoom = (module: ModuleWriter): number => {
  const { i32, i64 } = ValType
  return module.helper(module.type([i64, i32, i32], [i64]), "room", (room ??= writeRoom()))
}

let room: FunctionBody | undefined

const writeRoom = (): FunctionBody => {
  const code = new CodeWriter(3)
  const [address, flags, direction] = [0, 1, 2]
  const page = code.local(ValType.i32)
  const left = code.local(ValType.i32)
  code.get(address)
  code.i64(32n)
  code.op(Insn.i64_shr_u)
  code.op(Insn.i64_eqz)
  code.op(Insn.i32_eqz)
  code.if()
  code.i64(0n)
  code.op(Insn.return)
  code.end()
  code.get(address)
  code.op(Insn.i32_wrap_i64)
  code.i32(pageShift)
  code.op(Insn.i32_shr_u)
  code.set(page)
  code.i32(maxRoomPages)
  code.set(left)
  // The first page and those behind the guest's memory have no flags: it ends there.
  const next = code.loop()
  pushAllows(code, page, flags)
  code.get(left)
  code.i32(0)
  code.op(Insn.i32_ne)
  code.op(Insn.i32_and)
  code.if()
  code.get(page)
  code.get(direction)
  code.op(Insn.i32_add)
  code.set(page)
  code.get(left)
  code.i32(1)
  code.op(Insn.i32_sub)
  code.set(left)
  code.br(next)
  code.end()
  code.end()
  // The start of the page that ends the stretch upwards, less the address; or the address, less the end of the one downwards.
  code.get(direction)
  code.i32(0)
  code.op(Insn.i32_gt_s)
  code.if()
  const pushStart = (number: () => void) => {
    number()
    code.op(Insn.i64_extend_i32_u)
    code.i64(BigInt(pageShift))
    code.op(Insn.i64_shl)
  }
  pushStart(() => code.get(page))
  code.get(address)
  code.op(Insn.i64_sub)
  code.op(Insn.return)
  code.end()
  code.get(address)
  pushStart(() => {
    code.get(page)
    code.i32(1)
    code.op(Insn.i32_add)
  })
  code.op(Insn.i64_sub)
  code.i64(1n)
  code.op(Insn.i64_add)
  return code.body()
}

/**
 * Adds the module's check of an access against the page table: `(address: i64, size - 1: i32, site: i32, window: i32) ->
 * i32`. Gives where in memory the access is, or 0 where it is not allowed; then it has stored address and site in their cells. `flag` 0
 * allows nothing.
 */
export const addCheck = (module: ModuleWriter, name: string, flag: number, imports: CheckImports): number => {
  let body = checks.get(flag)
  if (body === undefined) checks.set(flag, (body = writeCheck(flag, imports)))
  const { i32, i64 } = ValType
  return module.helper(module.type([i64, i32, i32, i32], [i32]), name, body)
}

/** Bodies by flag. */
const checks = new Map<number, FunctionBody>()

const writeCheck = (flag: number, { bringIn, findHigh, moveWindow }: CheckImports): FunctionBody => {
  const code = new CodeWriter(4)
  /** Where the access is. */
  const place = code.local(ValType.i32)
  const entry = () => {
    code.i32(pageShift)
    code.op(Insn.i32_shr_u)
    code.memory(Insn.i32_load8_u, pageTableBase)
  }
  code.get(0)
  code.op(Insn.i32_wrap_i64)
  code.tee(place)
  entry()
  code.get(place)
  code.get(1)
  code.op(Insn.i32_add)
  entry()
  code.op(Insn.i32_and)
  code.i32(flag)
  code.op(Insn.i32_and)
  code.op(Insn.i32_eqz)
  code.get(0)
  code.i64(32n)
  code.op(Insn.i64_shr_u)
  code.op(Insn.i32_wrap_i64)
  code.op(Insn.i32_or)
  code.op(Insn.i32_eqz)
  code.if()
  noteMiss(code, 3, moveWindow, () => {
    code.get(0)
    code.op(Insn.i32_wrap_i64)
  })
  code.get(place)
  code.op(Insn.return)
  code.end()
  if (flag !== 0) {
    code.get(0)
    code.get(1)
    code.i32(flag)
    code.call(findHigh)
    code.tee(place)
    code.if()
    code.get(place)
    code.op(Insn.return)
    code.end()
  }
  code.i32(0)
  code.get(0)
  code.memory(Insn.i64_store, Cell.address)
  code.i32(0)
  code.get(2)
  code.memory(Insn.i32_store, Cell.site)
  if (flag === 0) {
    code.i32(0)
    return code.body()
  }
  code.get(1)
  code.i32(flag)
  code.call(bringIn)
  return code.body()
}
