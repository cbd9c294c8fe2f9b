/** Random sequences of what processes do with shared memory, against pages that there is one of: no store may be lost. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { pageSize, slabSize } from "@emu/tcg/Layout"
import { AddressSpace } from "@emu/guest/linux/memory/AddressSpace"
import { mprotect } from "@emu/guest/linux/memory/advice"
import { mremap } from "@emu/guest/linux/memory/mmap"
import { FileSegments } from "@emu/guest/linux/memory/SharedSegment"
import { readable, writable } from "@emu/guest/linux/user/UserMemory"
import { fileOf, kernelOf, makeState } from "../support/kernel.ts"

const windowPages = 8
const filePages = 4
const Process = Schema.Literals([0, 1])
const Page = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: windowPages - 1 }))
const Count = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 4 }))
const FilePage = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: filePages - 1 }))
const Value = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 255 }))
const Store = Schema.Struct({ op: Schema.Literal("store"), process: Process, page: Page, value: Value })
const Command = Schema.Union([
  Schema.Struct({ op: Schema.Literal("mapAnonymous"), process: Process, page: Page, count: Count }),
  Schema.Struct({ op: Schema.Literal("mapFile"), process: Process, page: Page, count: Count, from: FilePage }),
  Schema.Struct({ op: Schema.Literal("unmap"), process: Process, page: Page, count: Count }),
  Schema.Struct({
    op: Schema.Literal("protect"),
    process: Process,
    page: Page,
    count: Count,
    prot: Schema.Literals([0, 1, 2, 3, 3])
  }),
  Schema.Struct({ op: Schema.Literal("grow"), process: Process, page: Page, count: Count }),
  Schema.Struct({ op: Schema.Literal("mapAgain"), process: Process, page: Page, count: Count }),
  Store,
  Store,
  Store,
  Store,
  Schema.Struct({ op: Schema.Literal("load"), process: Process, page: Page }),
  Schema.Struct({ op: Schema.Literal("writeFile"), from: FilePage, value: Value }),
  Schema.Struct({ op: Schema.Literals(["fork", "exit", "flush"]) })
])
type Command = typeof Command.Type

/** A segment: the first byte of each page. */
type Contents = Array<number>
interface View {
  readonly contents: Contents
  readonly at: number
  prot: number
}
type Model = Array<View | undefined>

const readWrite = 3
const fixedMayMove = 3
const low = 0x20000
/** The last pages of a slab of high memory, and the first ones of the next. */
const high = 2 ** 40 + slabSize - 3 * pageSize
let base = low
const addressOf = (page: number): number => base + page * pageSize
const states = [makeState(), makeState()] as const

class World {
  readonly file = fileOf(new Uint8Array(filePages * pageSize))
  readonly ofFile: Contents = [0, 0, 0, 0]
  readonly models: [Model, Model] = [[], []]
  readonly spaces: readonly [AddressSpace, AddressSpace]

  constructor() {
    // a space takes its memory to be new
    for (const { pageTable, u8 } of states) {
      u8.fill(0, low, low + 4 * windowPages * pageSize)
      pageTable.fill(0, low / pageSize, low / pageSize + 4 * windowPages)
    }
    const files = new FileSegments()
    const engine = { flushPages: () => {}, protect: () => {} }
    this.spaces = [new AddressSpace(states[0], engine, files), new AddressSpace(states[1], engine, files)]
  }

  do(command: Command): void {
    switch (command.op) {
      case "mapAnonymous":
        return this.map(command.process, command.page, command.count, [], 0, readWrite)
      case "mapFile":
        return this.map(command.process, command.page, command.count, this.ofFile, command.from, readWrite)
      case "unmap":
        this.spaces[command.process].unmap(addressOf(command.page), addressOf(command.page + command.count))
        this.models[command.process].fill(undefined, command.page, command.page + command.count)
        return
      case "protect":
        return this.protect(command.process, command.page, command.count, command.prot)
      case "grow":
        return this.grow(command.process, command.page, command.count)
      case "mapAgain": {
        const view = this.models[command.process][command.page]
        const to = windowPages * pageSize + addressOf(command.page)
        const kernel = kernelOf({ state: states[command.process], memory: this.spaces[command.process] })
        const result = mremap(kernel, addressOf(command.page), 0, command.count * pageSize, fixedMayMove, to)
        assert.strictEqual(result, view === undefined ? -14 : to)
        if (view === undefined) return
        for (let i = 0; i < command.count; i++) {
          this.models[command.process][windowPages + command.page + i] = { ...view, at: view.at + i }
        }
        return
      }
      case "store": {
        const view = this.models[command.process][command.page]
        const bytes = writable(states[command.process], addressOf(command.page), 1)
        if (view === undefined || (view.prot & 2) === 0 || this.isBeyond(view)) return assert.isUndefined(bytes)
        bytes![0] = command.value
        view.contents[view.at] = command.value
        return
      }
      case "load":
        return this.load(command.process, command.page)
      case "writeFile":
        this.spaces[0].flushShared(this.file.identity)
        this.file.contents[command.from * pageSize] = command.value
        this.spaces[0].fileWritten(this.file.identity, command.from * pageSize, command.from * pageSize + 1)
        this.ofFile[command.from] = command.value
        return
      case "fork":
        this.spaces[1].clear()
        this.spaces[1].copyFrom(this.spaces[0])
        this.models[1] = this.models[0].map((view) => view && { ...view })
        return
      case "exit":
        this.spaces[1].clear()
        this.models[1] = []
        return
      case "flush":
        this.spaces[0].flushShared()
        for (let i = 0; i < filePages; i++) assert.strictEqual(this.file.contents[i * pageSize], this.ofFile[i])
    }
  }

  /** All pages are what the model says. */
  compare(): void {
    for (const process of [0, 1] as const) {
      for (let page = 0; page < this.models[process].length; page++) this.load(process, page)
    }
  }

  private map(process: 0 | 1, page: number, count: number, contents: Contents, from: number, prot: number): void {
    const isFile = contents === this.ofFile
    this.spaces[process].map(addressOf(page), addressOf(page + count), {
      prot,
      shared: true,
      ...(isFile && { file: this.file, offset: from * pageSize })
    })
    for (let i = 0; i < count; i++) this.models[process][page + i] = { contents, at: from + i, prot }
  }

  private protect(process: 0 | 1, page: number, count: number, prot: number): void {
    const kernel = kernelOf({ state: states[process], memory: this.spaces[process] })
    const result = mprotect(kernel, addressOf(page), count * pageSize, prot)
    for (let i = 0; i < count; i++) {
      const view = this.models[process][page + i]
      if (view === undefined) return assert.strictEqual(result, -12)
      view.prot = prot
    }
    assert.strictEqual(result, 0)
  }

  /** Moves pages out of the window, with one more behind them. */
  private grow(process: 0 | 1, page: number, count: number): void {
    const to = page + 2 * windowPages
    const kernel = kernelOf({ state: states[process], memory: this.spaces[process] })
    const result = mremap(kernel, addressOf(page), count * pageSize, (count + 1) * pageSize, fixedMayMove, addressOf(to))
    const model = this.models[process]
    const moved = Array.from({ length: count }, (_, i) => model[page + i])
    const last = moved.at(-1)
    if (moved.includes(undefined)) return assert.strictEqual(result, -14)
    assert.strictEqual(result, addressOf(to))
    for (let i = 0; i <= count; i++) model[to + i] = moved[i] ?? { ...last!, at: last!.at + 1 }
    model.fill(undefined, page, page + count)
  }

  private load(process: 0 | 1, page: number): void {
    const view = this.models[process][page]
    const bytes = readable(states[process], addressOf(page), 1)
    if (view === undefined || view.prot === 0 || this.isBeyond(view)) return assert.isUndefined(bytes)
    assert.strictEqual(bytes?.[0], view.contents[view.at] ?? 0, `page ${page} of process ${process}`)
  }

  private isBeyond({ at, contents }: View): boolean {
    return contents === this.ofFile && at >= filePages
  }
}

/** Where each sequence begins: both processes have mappings of the file, and share anonymous memory. */
const beginning: ReadonlyArray<Command> = [
  { op: "mapFile", process: 0, page: 0, count: 2, from: 0 },
  { op: "mapFile", process: 0, page: 2, count: 2, from: 1 },
  { op: "mapAnonymous", process: 0, page: 4, count: 3 },
  { op: "fork" }
]

describe.each([
  { where: "low", at: low },
  { where: "high", at: high }
])("shared memory in $where memory", ({ at }) => {
  it.prop(
    "is one memory, whoever maps it, where and when",
    [Schema.Array(Command)],
    ([commands]) => {
      base = at
      const world = new World()
      for (const command of [...beginning, ...commands]) {
        world.do(command)
        if (command.op !== "store") world.compare()
      }
      world.compare()
      for (const space of world.spaces) space.clear()
    },
    { arbitrary: { runs: 1000 } }
  )
})
