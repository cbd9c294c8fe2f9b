/** Writes a WebAssembly module of functions that share a memory, a table and imported functions. */
import { ByteWriter } from "./ByteWriter.ts"
import type { FunctionBody } from "./CodeWriter.ts"
import { Insn, type ValType } from "./Wasm.ts"

interface FunctionType {
  readonly params: ReadonlyArray<ValType>
  readonly results: ReadonlyArray<ValType>
}

/** Section numbers of the binary format. */
const Section = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const

/** A function that must not be called. */
const emptyBody: FunctionBody = { bytes: Uint8Array.of(0, Insn.unreachable, Insn.end), unlikely: [], calls: 0 }

let serial = 0

/** A custom section that holds a number of its own. */
const serialSection = (out: ByteWriter): void => {
  const content = new ByteWriter()
  content.name("serial")
  content.u32(++serial)
  out.u8(0)
  out.vector(content.view())
}

export class ModuleWriter {
  private readonly types: Array<FunctionType> = []
  private readonly imports: Array<{ module: string; name: string; type: number }> = []
  private readonly functions: Array<{ type: number; name: string; body: FunctionBody }> = []
  /** Indices of the functions that `helper` added. */
  private readonly helpers: Array<number> = []

  /** The index of a function type; equal types share one. */
  type(params: ReadonlyArray<ValType>, results: ReadonlyArray<ValType>): number {
    const same = (a: ReadonlyArray<ValType>, b: ReadonlyArray<ValType>) =>
      a.length === b.length && a.every((t, i) => t === b[i])
    const found = this.types.findIndex((t) => same(t.params, params) && same(t.results, results))
    return found >= 0 ? found : this.types.push({ params, results }) - 1
  }

  /** Imports a function of module "env"; all imports come before the first function. */
  importFunction(name: string, type: number): number {
    return this.imports.push({ module: "env", name, type }) - 1
  }

  /** Adds a function, exported under its name, and gives its index. */
  function(type: number, name: string, body: FunctionBody): number {
    return this.imports.length + this.functions.push({ type, name, body }) - 1
  }

  /** As `function`, for one that need not be called (index below 32): if it is not, it is left empty, to cost the host nothing. */
  helper(type: number, name: string, body: FunctionBody): number {
    const index = this.function(type, name, body)
    this.helpers.push(index)
    return index
  }

  /**
   * The module's bytes. It imports the memory `env.memory` (65536 pages, shared or not) and the function table `env.table`,
   * unless it is standalone or does without the table.
   *
   * With `unique` no other module of this thread has the same bytes. V8 waits for itself where two modules with equal bytes are
   * compiled at a time and it has one worker thread, as processes do that become hot in the same code.
   */
  finish(
    options:
      | { readonly sharedMemory: boolean; readonly table?: false; readonly unique?: boolean }
      | { readonly standalone: true }
  ): Uint8Array<ArrayBuffer> {
    const standalone = "standalone" in options
    const hasTable = !standalone && options.table !== false
    this.dropHelpers()
    const out = new ByteWriter(8192)
    out.raw(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
    const section = (id: number, write: (to: ByteWriter) => void) => {
      const content = new ByteWriter()
      write(content)
      out.u8(id)
      out.vector(content.view())
    }
    section(Section.type, (to) => {
      to.u32(this.types.length)
      for (const type of this.types) {
        to.u8(0x60)
        to.vector(Uint8Array.from(type.params))
        to.vector(Uint8Array.from(type.results))
      }
    })
    section(Section.import, (to) => {
      to.u32(this.imports.length + (standalone ? 0 : hasTable ? 2 : 1))
      for (const { module, name, type } of this.imports) {
        to.name(module)
        to.name(name)
        to.u8(0)
        to.u32(type)
      }
      if (standalone) return
      to.name("env")
      to.name("memory")
      to.u8(2)
      to.u8(options.sharedMemory ? 3 : 1)
      to.u32(65536)
      to.u32(65536)
      if (!hasTable) return
      to.name("env")
      to.name("table")
      to.u8(1)
      to.u8(0x70)
      to.u8(0)
      to.u32(0)
    })
    section(Section.function, (to) => {
      to.u32(this.functions.length)
      for (const { type } of this.functions) to.u32(type)
    })
    section(Section.export, (to) => {
      to.u32(this.functions.length)
      this.functions.forEach(({ name }, i) => {
        to.name(name)
        to.u8(0)
        to.u32(this.imports.length + i)
      })
    })
    this.branchHints(out)
    section(Section.code, (to) => {
      to.u32(this.functions.length)
      for (const { body } of this.functions) to.vector(body.bytes)
    })
    this.nameSection(out)
    if (!standalone && options.unique === true) serialSection(out)
    return out.view()
  }

  /** Empties the helpers that no function calls. */
  private dropHelpers(): void {
    const helpers = new Set(this.helpers.map((index) => index - this.imports.length))
    let called = 0
    this.functions.forEach(({ body }, at) => {
      if (!helpers.has(at)) called |= body.calls
    })
    // Helpers call only such as were added before them.
    for (const index of this.helpers.toReversed()) {
      const at = index - this.imports.length
      if (((called >>> index) & 1) !== 0) called |= this.functions[at]!.body.calls
      else this.functions[at] = { ...this.functions[at]!, body: emptyBody }
    }
  }

  /** The custom section "metadata.code.branch_hint" (branch hinting proposal): must stand before the code section. */
  private branchHints(out: ByteWriter): void {
    const hinted = this.functions.map(({ body }, i) => ({ index: this.imports.length + i, unlikely: body.unlikely }))
    const functions = hinted.filter(({ unlikely }) => unlikely.length > 0)
    if (functions.length === 0) return
    const content = new ByteWriter()
    content.name("metadata.code.branch_hint")
    content.u32(functions.length)
    for (const { index, unlikely } of functions) {
      content.u32(index)
      content.u32(unlikely.length)
      for (const offset of unlikely) {
        content.u32(offset)
        content.u32(1)
        content.u8(0)
      }
    }
    out.u8(0)
    out.vector(content.view())
  }

  /** The custom section "name", so that profiles show guest addresses. */
  private nameSection(out: ByteWriter): void {
    const names = new ByteWriter()
    names.u32(this.functions.length)
    this.functions.forEach(({ name }, i) => {
      names.u32(this.imports.length + i)
      names.name(name)
    })
    const content = new ByteWriter()
    content.name("name")
    content.u8(1)
    content.vector(names.view())
    out.u8(0)
    out.vector(content.view())
  }
}
