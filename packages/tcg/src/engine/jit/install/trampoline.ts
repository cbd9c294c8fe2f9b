/** How the engine calls regions: a WebAssembly function that goes through their table, which JS cannot do as fast. */
import { CodeWriter } from "../../../wasm/CodeWriter.ts"
import { ModuleWriter } from "../../../wasm/ModuleWriter.ts"
import { Insn, ValType } from "../../../wasm/Wasm.ts"
import { regionParameters, regionResults } from "../emit/RegionCompiler.ts"
import { Cell } from "../Runtime.ts"

/** Calls the region in a table slot, stores the fuel left in its cell, gives `next`. */
export type Enter = (slot: number, pc: number, fuel: number) => number

/**
 * Makes the function that enters regions.
 *
 * @param environment the guest's memory, and the table of regions
 * @param sharedMemory whether that memory is shared
 */
export const makeTrampoline = (environment: WebAssembly.ModuleImports, sharedMemory: boolean): Enter => {
  const module = new ModuleWriter()
  const { i32 } = ValType
  const regionType = module.type(regionParameters, regionResults)
  const code = new CodeWriter(3)
  const next = code.local(i32)
  const fuel = code.local(i32)
  code.get(1)
  code.i32(0)
  code.get(2)
  code.get(0)
  code.callIndirect(regionType)
  code.set(fuel)
  code.set(next)
  code.i32(0)
  code.get(fuel)
  code.memory(Insn.i32_store, Cell.fuel)
  code.get(next)
  module.function(module.type([i32, i32, i32], [i32]), "enter", code.body())
  const bytes = module.finish({ sharedMemory })
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: environment })
  return instance.exports["enter"] as Enter
}
