/** Traces of a guest without an emulator: real buffers, written to as engines do it. */
import type { Trace, TraceKind, TraceOptions } from "@emu/core/Trace"
import { traceBytes, TraceBuffer } from "@emu/core/trace/TraceBuffer"

export class FakeTraces {
  readonly #traces: Array<{ readonly buffer: TraceBuffer; readonly words: Uint32Array }> = []

  /** What `api.trace` gives. */
  make({ onBatch, records = 8 }: TraceOptions): Trace {
    const memory = new ArrayBuffer(traceBytes(records, false))
    const buffer = new TraceBuffer({ buffer: memory, byteOffset: 0, records, values: false, deliver: onBatch })
    this.#traces.push({ buffer, words: new Uint32Array(memory) })
    return buffer
  }

  /** Appends a record, of what is at a place in the code. */
  record(trace: Trace, address: number, pc: bigint, size: number, kind: TraceKind): void {
    const { buffer, words } = this.#traces.find((it) => it.buffer === trace)!
    if (words[0] === 4 * buffer.records) buffer.drain()
    const at = words[0]!
    words[(buffer.sites + at) / 4] = buffer.siteNumber(Number(pc), size, kind)
    words[(buffer.addresses + at) / 4] = address
    words[0] = at + 4
  }

  /** A vCPU is about to run. */
  switchTo(vcpu: number): void {
    for (const { buffer } of this.#traces) {
      if (buffer.vcpu !== vcpu) buffer.drain()
      buffer.vcpu = vcpu
    }
  }

  /** Delivers what was recorded. */
  drain(): void {
    for (const { buffer } of this.#traces) buffer.drain()
  }
}
