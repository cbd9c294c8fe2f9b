/** Removes operations whose results nobody sees: one pass backward over a block. */
import type { IrBlock, Op } from "../ir/Block.ts"
import { Opcode, OpFlag, opTable } from "../ir/Opcode.ts"
import { cpuStateSlots, CpuSlot } from "../Layout.ts"

/**
 * Which values are live at a point. Going backward, globals become live all at once at exits and faulting operations. Used for
 * one block after the other.
 */
class Liveness {
  /** A global is dead while its entry equals `epoch`. */
  private readonly deadSince = new Int32Array(cpuStateSlots)
  private temps = new Uint8Array(0)
  private epoch = 1
  private liveTemps = 0

  /** Begins a block with so many temps: at its end all globals are live, and no temp. */
  begin(temps: number): void {
    if (temps > this.temps.length) {
      this.temps = new Uint8Array(2 * temps)
      this.liveTemps = 0
    }
    this.allGlobals()
    this.noTemps()
  }

  allGlobals(): void {
    this.epoch++
  }

  noTemps(): void {
    if (this.liveTemps > 0) {
      this.temps.fill(0)
      this.liveTemps = 0
    }
  }

  allTemps(): void {
    this.temps.fill(1)
    this.liveTemps = this.temps.length
  }

  has(value: number): boolean {
    return value < cpuStateSlots ? this.deadSince[value] !== this.epoch : this.temps[value - cpuStateSlots] !== 0
  }

  add(value: number): void {
    if (value >= cpuStateSlots) {
      this.liveTemps += 1 - this.temps[value - cpuStateSlots]!
      this.temps[value - cpuStateSlots] = 1
    } else if (value >= 0) {
      this.deadSince[value] = 0
    }
  }

  remove(value: number): void {
    if (value >= cpuStateSlots) {
      this.liveTemps -= this.temps[value - cpuStateSlots]!
      this.temps[value - cpuStateSlots] = 0
    } else {
      this.deadSince[value] = this.epoch
    }
  }

  /** The temps that are live, or undefined where none is. */
  tempsNow(): Uint8Array | undefined {
    return this.liveTemps === 0 ? undefined : this.temps.slice()
  }

  addTemps(live: Uint8Array | undefined): void {
    live?.forEach((flag, temp) => {
      if (flag !== 0) {
        this.add(cpuStateSlots + temp)
      }
    })
  }
}

const live = new Liveness()
/** The temps that are live at each label of the block. */
const labels = new Map<number, Uint8Array | undefined>()

/** Operations after which a block is left. */
const leaves: ReadonlySet<number> = new Set<number>([Opcode.goto_tb, Opcode.goto_ptr, Opcode.exit_tb])
/** Operations at which the vCPU's state must be right: they may fault, or somebody may look. */
const observes = OpFlag.memory | OpFlag.globals

/** Removes dead operations of a block in place. A global's value before a fault, an exit or a callback is never dead. */
export const removeDead = (block: IrBlock): void => {
  const { ops } = block
  live.begin(block.temps)
  labels.clear()
  let kept = ops.length
  for (let index = ops.length - 1; index >= 0; index--) {
    const op = ops[index]!
    const { flags, inputs, outputs } = opTable[op.opcode]!
    if ((flags & (OpFlag.sideEffect | OpFlag.branch | OpFlag.fpStatus)) === 0 && !live.has(op.args[0]!)) {
      continue
    }
    for (let i = 0; i < outputs; i++) {
      live.remove(op.args[i]!)
    }
    if ((flags & OpFlag.branch) !== 0) {
      branch(op)
    }
    if ((flags & observes) !== 0) {
      live.allGlobals()
    } else if ((flags & OpFlag.fpStatus) !== 0) {
      live.add(CpuSlot.fpFlags)
      live.add(CpuSlot.fpRound)
    }
    for (let i = outputs; i < outputs + inputs; i++) {
      live.add(op.args[i]!)
    }
    ops[--kept] = op
  }
  if (kept === 0) return
  const left = ops.length - kept
  for (let index = 0; index < left; index++) ops[index] = ops[kept + index]!
  ops.length = left
}

/** Liveness before an operation that goes elsewhere. At a label all globals count as live. */
const branch = (op: Op): void => {
  const label = op.args.at(-1)!
  if (leaves.has(op.opcode)) {
    live.allGlobals()
    live.noTemps()
  } else if (op.opcode === Opcode.set_label) {
    labels.set(label, live.tempsNow())
    live.allGlobals()
  } else {
    live.allGlobals()
    if (op.opcode === Opcode.br) {
      live.noTemps()
    }
    if (labels.has(label)) {
      live.addTemps(labels.get(label))
    } else {
      live.allTemps()
    }
  }
}
