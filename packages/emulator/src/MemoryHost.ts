/** A host without a machine under it, for browsers and tests: files in memory, portable clocks, few facts. */
import { PluginFileError } from "@emu/core/PluginError"
import { PluginFiles } from "@emu/core/PluginFiles"
import { HostClock } from "@emu/guest/HostClock"
import { HostFs, type HostFsShape } from "@emu/guest/HostFs"
import { HostInfo } from "@emu/guest/HostInfo"
import { HostNetwork } from "@emu/guest/HostNetwork"
import { O } from "@emu/guest/linux/files/constants"
import { join } from "@emu/guest/linux/files/lookup/Path"
import { fromText } from "@emu/guest/linux/user/byteStrings"
import { makeMemoryFs } from "@emu/guest/MemoryFs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** What the host has to begin with. */
export interface MemoryHostOptions {
  /** Files by absolute path; everybody may execute them. Directories above them are made. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
}

const encoder = new TextEncoder()

/** Makes the host: its files are those of all its guests, and of their plugins. */
export const layer = (
  options: MemoryHostOptions = {}
): Layer.Layer<HostFs | HostClock | HostInfo | HostNetwork | PluginFiles> => {
  const files: Record<string, Uint8Array> = {}
  for (const [path, contents] of Object.entries(options.files ?? {})) {
    files[fromText(path)] = typeof contents === "string" ? encoder.encode(contents) : contents
  }
  const hostFs = Layer.sync(HostFs)(() => makeMemoryFs({ files }))
  return Layer.mergeAll(pluginFiles, HostClock.portable, HostInfo.portable, HostNetwork.none).pipe(
    Layer.provideMerge(hostFs)
  )
}

/** Plugins' files among the others. */
const pluginFiles = Layer.effect(PluginFiles)(Effect.map(HostFs, (fs) => makePluginFiles(fs)))

const makePluginFiles = (fs: HostFsShape): PluginFiles["Service"] => {
  const check = (path: string, result: number): number => {
    if (result < 0) throw new PluginFileError({ path, reason: `errno ${-result}` })
    return result
  }
  return {
    open: (path) => {
      const absolute = join(fs.cwd(), fromText(path))
      const parts: Array<Uint8Array> = []
      let isOpen = true
      return {
        path: absolute,
        write: (chunk) => {
          if (!isOpen) throw new PluginFileError({ path, reason: "it is closed already" })
          parts.push(typeof chunk === "string" ? encoder.encode(chunk) : chunk.slice())
        },
        close: () => {
          if (!isOpen) return
          isOpen = false
          const fd = check(path, fs.open(absolute, O.WRONLY | O.CREAT | O.TRUNC, 0o644))
          for (const part of parts) check(path, fs.write(fd, part))
          fs.close(fd)
        }
      }
    },
    // nothing is written before a file is closed
    discard: () => {},
    makeDirectory: (path) => {
      const absolute = join(fs.cwd(), fromText(path))
      if (!fs.exists(absolute)) check(path, fs.mkdir(absolute, 0o755))
    }
  }
}
