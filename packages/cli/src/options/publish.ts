/** The value of `--publish`. */
import { bytesOf4, bytesOf6 } from "@emu/guest/linux/sockets/address/ip"
import type { Published } from "@emu/guest/linux/sockets/Network"
import { UsageError } from "../UsageError.ts"

const form = /^(?:(?<ip>\d+\.\d+\.\d+\.\d+|\[[^\]]*\]):)?(?<host>\d+):(?<guest>\d+)(?:\/(?<protocol>tcp|udp))?$/

/** Parses `[ADDRESS:]HOST:GUEST[/tcp|/udp]`. */
export const parsePublish = (text: string): Published => {
  const { guest, host, ip = "127.0.0.1", protocol } = form.exec(text)?.groups ?? {}
  const address = ip.replace(/^\[|\]$/g, "")
  const isAddress = bytesOf4(address) !== undefined || bytesOf6(address) !== undefined
  const ports = [Number(host), Number(guest)] as const
  if (!isAddress || ports.some((port) => !(port >= 1 && port <= 65535))) {
    throw new UsageError(
      `--publish ${text} is not [ADDRESS:]HOST:GUEST[/udp], such as 8080:80: ports are numbers from 1 to 65535`
    )
  }
  return {
    protocol: protocol === "udp" ? "udp" : "tcp",
    host: { ip: address, port: ports[0] },
    guestPort: ports[1]
  }
}
