/** Physical addresses. A program in user mode has none: the answers are those that QEMU gives there. */
import type { PluginApi } from "../PluginApi.ts"

type Hardware = Pick<
  PluginApi,
  | "hwaddr"
  | "hwaddrIsIo"
  | "hwaddrPhysAddr"
  | "hwaddrDeviceName"
  | "translateVaddr"
  | "readMemoryHwaddr"
  | "writeMemoryHwaddr"
>

export const hardware: Hardware = {
  hwaddr: () => undefined,
  hwaddrIsIo: () => false,
  hwaddrPhysAddr: () => 0n,
  hwaddrDeviceName: () => "Invalid",
  translateVaddr: () => undefined,
  readMemoryHwaddr: () => undefined,
  writeMemoryHwaddr: () => false
}
