/** A function that finds accesses to high memory, for the modules of all tiers. */
import { frameTableBase, pageShift, slabCacheBase, slabCacheEntries, slabShift, slabSize } from "../../Layout.ts"
import { CodeWriter, type FunctionBody } from "../../wasm/CodeWriter.ts"
import type { ModuleWriter } from "../../wasm/ModuleWriter.ts"
import { Insn, ValType } from "../../wasm/Wasm.ts"

/**
 * Adds the function `(address: i64, size - 1: i32, flag: i32) -> i32`: where in memory an access is that is all in one slab, by the cache
 * of slabs; 0 where the cache does not know, or where one of its pages lacks the flag.
 */
export const addFindHigh = (module: ModuleWriter): number => {
  const { i32, i64 } = ValType
  return module.helper(module.type([i64, i32, i32], [i32]), "find_high", (body ??= write()))
}

let body: FunctionBody | undefined

const write = (): FunctionBody => {
  const code = new CodeWriter(3)
  const [address, last, flag] = [0, 1, 2] as const
  const slab = code.local(ValType.i64)
  const entry = code.local(ValType.i32)
  const place = code.local(ValType.i32)
  code.get(address)
  code.i64(BigInt(slabShift))
  code.op(Insn.i64_shr_u)
  code.tee(slab)
  code.op(Insn.i32_wrap_i64)
  code.i32(slabCacheEntries - 1)
  code.op(Insn.i32_and)
  code.i32(4)
  code.op(Insn.i32_shl)
  code.tee(entry)
  code.memory(Insn.i64_load, slabCacheBase)
  code.get(slab)
  code.op(Insn.i64_ne)
  code.ifUnlikely()
  code.i32(0)
  code.op(Insn.return)
  code.end()
  code.get(address)
  code.op(Insn.i32_wrap_i64)
  code.i32(slabSize - 1)
  code.op(Insn.i32_and)
  code.tee(place)
  code.get(last)
  code.op(Insn.i32_add)
  code.i32(slabSize)
  code.op(Insn.i32_ge_u)
  code.ifUnlikely()
  code.i32(0)
  code.op(Insn.return)
  code.end()
  code.get(entry)
  code.memory(Insn.i32_load, slabCacheBase + 8)
  code.get(place)
  code.op(Insn.i32_add)
  code.set(place)
  const pushFlags = () => {
    code.i32(pageShift)
    code.op(Insn.i32_shr_u)
    code.memory(Insn.i32_load8_u, frameTableBase)
  }
  code.get(place)
  code.i32(0)
  code.get(place)
  pushFlags()
  code.get(place)
  code.get(last)
  code.op(Insn.i32_add)
  pushFlags()
  code.op(Insn.i32_and)
  code.get(flag)
  code.op(Insn.i32_and)
  code.op(Insn.select)
  return code.body()
}
