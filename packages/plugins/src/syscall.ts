/**
 * Counts system calls and those that failed, or prints each of them as it happens.
 *
 *     syscall no.  calls  errors
 *     64           2      1
 */
import * as Effect from "effect/Effect"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import { GuestMemoryError } from "@emu/core/PluginError"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { hexDump, padRight } from "@emu/plugins/kit/text/format"
import { ascending, descending } from "@emu/plugins/kit/text/order"

/** Numbers of write(2), by target. */
const writeNumbers: Readonly<Record<string, number>> = { riscv64: 64 }

export default Plugin.make({
  name: "syscall",
  help: "count system calls, or print them",
  options: PluginOptions.struct({
    print: PluginOptions.boolean({ default: false, description: "print each call and its result instead of a table" }),
    log_writes: PluginOptions.boolean({ default: false, description: "also dump the bytes of each write call" })
  }),
  result: PluginResult.struct({
    syscalls: PluginResult.rows(
      {
        number: PluginResult.count("number of the system call"),
        calls: PluginResult.count("how often it was called"),
        errors: PluginResult.count("how often it failed")
      },
      "system calls, those called most often first"
    )
  }),
  render: ({ syscalls }) =>
    syscalls.reduce(
      (text, { calls, errors, number }) => `${text}${padRight(number, 13)}${padRight(calls, 6)} ${errors}\n`,
      "syscall no.  calls  errors\n"
    ),
  install: Effect.fnUntraced(function* (api, { print, log_writes: logWrites }, info) {
    const writeNumber = writeNumbers[info.targetName]
    if (logWrites && writeNumber === undefined) {
      return yield* new PluginInstallFailure({
        message: `log_writes does not know the number of write on ${info.targetName}`
      })
    }
    const counts = new Map<number, { calls: number; errors: number }>()
    const count = (num: number) => {
      let row = counts.get(num)
      if (row === undefined) counts.set(num, (row = { calls: 0, errors: 0 }))
      return row
    }

    /** The bytes that write(fd, buffer, length) is given. */
    const dump = ([, buffer = 0n, length = 0n]: ReadonlyArray<bigint>): string => {
      const address = BigInt.asUintN(64, buffer)
      const size = BigInt.asUintN(64, length)
      try {
        return hexDump(api.readMemory(address, Number(size)))
      } catch (error) {
        if (error instanceof GuestMemoryError) return `Error reading memory from vaddr ${address}\n`
        throw error
      }
    }

    yield* api.onSyscall((_vcpu, num, args) => {
      if (print) api.outs(`syscall #${num}\n`)
      else count(num).calls++
      if (logWrites && num === writeNumber) api.outs(dump(args))
    })
    yield* api.onSyscallRet((_vcpu, num, ret) => {
      if (print) api.outs(`syscall #${num} returned -> ${ret}\n`)
      else if (ret < 0n) count(num).errors++
    })
    if (!print) {
      yield* api.onAtExit(() => {
        const rows = [...counts].sort((a, b) => descending(a[1].calls, b[1].calls) || ascending(a[0], b[0]))
        api.report({ syscalls: rows.map(([number, row]) => ({ number, ...row })) })
      })
    }
  })
})
