/** The traces that random programs record into, and everything that was recorded, in order. */
import type { DynCallback } from "@emu/core/Instrumentation"
import { MemRw } from "@emu/core/Instrumentation"
import { TraceKind, type TraceBatch } from "@emu/core/Trace"
import { traceBytes, TraceBuffer } from "@emu/core/trace/TraceBuffer"
import type { CpuState } from "@emu/tcg/CpuState"
import { board, boardBytes } from "./board.ts"

/** Room in them: one is full all the time. */
const rooms = [7, 500] as const
const place = (index: number): number =>
  rooms.slice(0, index).reduce((at, records) => at + traceBytes(records, true), board.byteOffset + boardBytes)

/** Where they end in memory. */
export const tracesEnd = place(rooms.length)

const plugin = 1n

export class Traces {
  /** Records so far. */
  count = 0
  private readonly buffers: ReadonlyArray<TraceBuffer>
  private readonly logs: ReadonlyArray<Array<number>>

  constructor({ buffer }: CpuState) {
    this.logs = rooms.map(() => [])
    this.buffers = rooms.map((records, i) => {
      const deliver = (batch: TraceBatch) => this.take(batch, this.logs[i]!)
      return new TraceBuffer({ buffer, byteOffset: place(i), records, values: true, deliver })
    })
  }

  private take({ addresses, kinds, length, pcs, sizes, values }: TraceBatch, log: Array<number>): void {
    this.count += length
    for (let i = 0; i < length; i++) {
      log.push(pcs[i]!, kinds[i]!, sizes[i]!, addresses[i]!, Number(BigInt.asUintN(53, values[i]!)))
    }
  }

  /** Takes in what is still in the buffers. */
  drain(): void {
    for (const trace of this.buffers) trace.drain()
  }

  /** Five numbers for each record of one trace after the other, since the last time it was asked for. */
  takeLog(): ReadonlyArray<number> {
    this.drain()
    return this.logs.flatMap((log) => log.splice(0))
  }

  /** A record of an instruction, in one of the traces. */
  exec(pc: number, size: number, n: number): DynCallback {
    const trace = this.buffers[n % rooms.length]!
    return { kind: "traceExec", plugin, trace, site: trace.siteNumber(pc, size, TraceKind.exec) }
  }

  /** A record of each access. */
  mem(n: number): DynCallback {
    const rw = [MemRw.read, MemRw.write, MemRw.readWrite, MemRw.readWrite][(n >>> 1) % 4]!
    return { kind: "traceMem", plugin, trace: this.buffers[n % rooms.length]!, rw }
  }
}
