/**
 * Replaces an instruction by others of the same length, wherever a block with it is about to run.
 *
 *     patching: @0x11098
 *     Writing memory (vaddr)...
 *     Reading memory (vaddr)...
 *     Success!
 *
 * The guest's memory is what changes, so the guest can read the new instruction, and runs it from then on.
 */
import * as Effect from "effect/Effect"
import { CallbackFlags } from "@emu/core/Instrumentation"
import * as Plugin from "@emu/core/Plugin"
import { PluginInstallFailure } from "@emu/core/Plugin"
import type { InsnHandle } from "@emu/core/PluginApi"
import * as PluginOptions from "@emu/core/PluginOptions"
import * as PluginResult from "@emu/core/PluginResult"
import { hex } from "@emu/plugins/kit/text/format"

/** Bytes written as hexadecimal digits, in memory order. */
const readBytes = (name: string, text: string): Effect.Effect<Uint8Array, PluginInstallFailure> => {
  const digits = text.replace(/^0x/i, "")
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) {
    const message = `${name}=${text}: write bytes as pairs of hexadecimal digits, in memory order, such as 13050500`
    return Effect.fail(new PluginInstallFailure({ message }))
  }
  return Effect.succeed(
    Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16))
  )
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

export default Plugin.make({
  name: "patch",
  help: "replace an instruction wherever it is executed",
  options: PluginOptions.struct({
    target: PluginOptions.string({
      default: "",
      description: "bytes of the instruction to replace, in hexadecimal and memory order; only with addr it may be left out"
    }),
    addr: PluginOptions.addresses({ default: [], description: "only the instruction at this address" }),
    patch: PluginOptions.string({ description: "bytes to put there, as many" }),
    use_hwaddr: PluginOptions.boolean({
      default: false,
      description: "write through the physical address; there is none in user mode, so that nothing is replaced"
    })
  }),
  result: PluginResult.struct({
    patched: PluginResult.rows(
      {
        address: PluginResult.address("address of the instruction"),
        times: PluginResult.count("how often it was replaced")
      },
      "instructions replaced, by when that was first done"
    )
  }),
  // what was done has been said when it was
  render: ({ patched }) =>
    patched.length === 0 ? "patch: nothing was replaced: no such instruction has run, or it could not be written\n" : "",
  install: Effect.fnUntraced(function* (api, options) {
    const { addr } = options
    if (addr.length === 0 && options.target === "") {
      return yield* new PluginInstallFailure({ message: "say what to replace: target=BYTES, addr=ADDRESS, or both" })
    }
    const target = options.target === "" ? undefined : yield* readBytes("target", options.target)
    const patch = yield* readBytes("patch", options.patch)
    if (target !== undefined && target.length !== patch.length) {
      return yield* new PluginInstallFailure({
        message: `target has ${target.length} bytes, patch has ${patch.length}: they must be equally long`
      })
    }
    if (target !== undefined && equal(target, patch))
      return yield* new PluginInstallFailure({ message: "target and patch are the same" })
    const patched = new Map<bigint, number>()

    /** Writes through the virtual address, and looks whether that has worked. */
    const write = (address: bigint): boolean => {
      api.outs("Writing memory (vaddr)...\n")
      api.writeMemory(address, patch)
      api.outs("Reading memory (vaddr)...\n")
      if (!equal(api.readMemory(address, patch.length), patch)) return false
      patched.set(address, (patched.get(address) ?? 0) + 1)
      api.outs("Success!\n")
      return true
    }

    /** What is patched already is no target. */
    const isTarget = ({ bytes, pc }: InsnHandle): boolean => {
      if (addr.length > 0 && !addr.includes(pc)) return false
      return target === undefined ? bytes.length === patch.length && !equal(bytes, patch) : equal(bytes, target)
    }

    const writePhysical = (address: bigint): void => {
      if (api.translateVaddr(address) === undefined) api.outs("Failed to translate vaddr\n")
    }

    yield* api.onTbTrans((tb) => {
      const { pc } = tb
      const places = tb.insns.filter(isTarget).map((insn) => insn.pc)
      if (places.length === 0) return
      tb.onExec(() => {
        let isChanged = false
        for (const address of places) {
          api.outs(`patching: @0x${hex(address)}\n`)
          if (options.use_hwaddr) writePhysical(address)
          else isChanged = write(address) || isChanged
        }
        // the block that is about to run was made of the old bytes
        if (isChanged) api.setPc(pc)
      }, CallbackFlags.readWriteRegsPc)
    })
    yield* api.onAtExit(() => api.report({ patched: Array.from(patched, ([address, times]) => ({ address, times })) }))
  })
})
