/**
 * Runs every operation of the loop a few times before the guest does. V8 compiles the loop by what it has seen run, and throws
 * the result away when an operation comes up that it had not seen, or a sum overflows for the first time: a large program
 * would pay for that dozens of times.
 */
import { type IrBlock, IrBuilder } from "../../ir/Block.ts"
import { Cond, ExitCode, JumpHint, MemOp, Opcode, OpFlag, opTable } from "../../ir/Opcode.ts"
import * as Layout from "../../Layout.ts"
import { allocateSlots } from "./code/allocateSlots.ts"
import { execute } from "./loop.ts"
import { lower } from "./code/lower.ts"
import type { Machine } from "./Machine.ts"

const conds = Object.values(Cond)
const memops = [0, 1, 2, 3].flatMap((size) => [size, size | MemOp.sign])
/** Globals: inputs, a result, the address of accesses, the pc that the computed jump goes to. */
const first = 1
const second = 2
const third = 3
const result = 4
const address = 5
const target = 6
/** Values of `first` and `second`, and the address, in each round: sums that overflow, equal words, shift counts, unaligned. */
const rounds: ReadonlyArray<readonly [first: bigint, second: bigint, address: bigint]> = [
  [0x3ff8000000000000n, 0x3ff8000000000001n, 0xf00n],
  [0x7fffffff7fffffffn, 0x7fffffff7fffffffn, 0xf01n],
  [-0x7fffffff80000000n, -0x7fffffff80000000n, 0xf00n],
  [7n, -7n, 0xf00n],
  [-7n, 1n << 40n, 0xf01n],
  [0n, 7n, 0xf00n]
]

/** All operations without control flow, with registers and with constants. */
const straight = (builder: IrBuilder): void => {
  const constants = [5n, 40n, -2n, 0x123456789abcn].map((value) => builder.constant(value))
  opTable.forEach((info, opcode) => {
    if ((info.flags & ~OpFlag.fpStatus) !== 0 || info.outputs !== 1) {
      return
    }
    const kinds = opcode === Opcode.setcond || opcode === Opcode.movcond ? conds : [0]
    for (const kind of kinds) {
      const tail = [kind, 0].slice(0, info.constants)
      builder.op(opcode, result, ...[first, second, third, first].slice(0, info.inputs), ...tail)
    }
    for (const constant of info.inputs === 2 && info.constants === 0 ? constants : []) {
      builder.op(opcode, result, first, constant)
    }
  })
  builder.op(Opcode.mov, result, constants[0]!)
  for (const memop of memops) {
    builder.op(Opcode.guest_st, first, address, 16, memop)
    builder.op(Opcode.guest_ld, result, address, 16, memop)
  }
  builder.op(Opcode.atomic_fetch_add, result, address, first, MemOp.size32)
  builder.op(Opcode.atomic_cmpxchg, result, address, first, second, MemOp.size32)
  for (const cond of conds) {
    const label = builder.label()
    builder.brcond(first, second, cond, label)
    builder.op(Opcode.mov, result, second)
    builder.setLabel(label)
  }
}

/** Warms the loop up. Not while code runs; nothing of what ran is left in the machine or in memory. */
export const warmUp = (machine: Machine): void => {
  const { i64, pageTable, u8 } = machine.state
  const { codeEnd } = machine
  const page0 = u8.slice(0, Layout.guestBase)
  const flags = pageTable[0]!
  pageTable[0] = Layout.PageFlag.read | Layout.PageFlag.write
  let blocks = 0
  /** Lays down the block at pc 2 * blocks; it may go on at 2 * (blocks + 1). */
  const add = (write: (builder: IrBuilder, next: number) => void): void => {
    const pc = 2 * blocks++
    const builder = new IrBuilder(BigInt(pc))
    write(builder, builder.constant(BigInt(2 * blocks)))
    const ir: IrBlock = builder.finish()
    const entry = machine.codeEnd
    lower(machine, ir, allocateSlots(ir)!, machine.insns)
    machine.blocks.add({
      pc,
      entry,
      firstPage: 0,
      lastPage: 0,
      end: 0,
      armed: 0,
      bytes: undefined,
      incoming: [],
      rests: undefined,
      runs: 0,
      firstInsn: 0,
      insns: 0,
      isPlain: false
    })
  }
  add((builder, next) => {
    straight(builder)
    builder.op(Opcode.goto_tb, next, 0, JumpHint.jump)
  })
  for (const cond of conds) {
    add((builder, next) => {
      const label = builder.label()
      builder.brcond(first, second, cond, label)
      builder.op(Opcode.goto_tb, next, 0, JumpHint.jump)
      builder.setLabel(label)
      builder.op(Opcode.goto_tb, next, 1, JumpHint.jump)
    })
  }
  add((builder) => builder.op(Opcode.goto_ptr, target, JumpHint.jump))
  add((builder) => builder.op(Opcode.exit_tb, first, ExitCode.yield))
  for (const [a, b, at] of rounds) {
    i64[Layout.CpuSlot.fpFlags] = 1n
    i64[first] = a
    i64[second] = b
    i64[third] = 0x3ff8000000000000n
    i64[address] = at
    i64[target] = BigInt(2 * (blocks - 1))
    machine.left = 1000
    execute(machine, codeEnd)
  }
  machine.blocks.flushPages(0, 0)
  machine.codeEnd = codeEnd
  u8.set(page0, 0)
  pageTable[0] = flags
}
