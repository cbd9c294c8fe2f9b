/** Whole files of the host, for loaders. */
import type { HostFsShape } from "../../HostFs.ts"
import { O } from "./constants.ts"

/** The contents of a file of the host (a byte string path), or a negative errno. */
export const readWholeFile = (host: HostFsShape, path: string): Uint8Array | number => {
  const fd = host.open(path, O.RDONLY, 0)
  if (fd < 0) return fd
  try {
    const stat = host.fstat(fd)
    if (typeof stat === "number") return stat
    const bytes = new Uint8Array(stat.size)
    let done = 0
    while (done < bytes.length) {
      const count = host.pread(fd, bytes.subarray(done), done)
      if (count < 0) return count
      if (count === 0) return bytes.subarray(0, done)
      done += count
    }
    return bytes
  } finally {
    host.close(fd)
  }
}
