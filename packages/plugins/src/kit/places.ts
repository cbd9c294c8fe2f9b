/** Places in the guest as users write them in options: an address, a symbol, a register, with an offset. */
import type { PluginApi } from "@emu/core/PluginApi"

/** A place before it is looked up. */
export interface Place {
  /** The address; undefined for a name. */
  readonly address: bigint | undefined
  readonly name: string
  readonly offset: bigint
}

/** Reads `0x10158`, `main`, `main+0x10`, `sp-16`; undefined for what is none of that. */
export const parsePlace = (text: string): Place | undefined => {
  const found = /^(?:(0x[0-9a-f]+|\d+)|([^\s+-][^\s+]*?))(?:([+-])(0x[0-9a-f]+|\d+))?$/i.exec(text)
  if (found === null) return undefined
  const [, address, name = "", sign, amount = "0"] = found
  return {
    address: address === undefined ? undefined : BigInt(address),
    name,
    offset: sign === "-" ? -BigInt(amount) : BigInt(amount)
  }
}

/** Where a place is now, and the size of its symbol (0 where that is not known); undefined while there is no such symbol. */
export const findPlace = (
  api: Pick<PluginApi, "findSymbols" | "symbolAt">,
  { address, name, offset }: Place
): { readonly address: bigint; readonly size: number } | undefined => {
  if (address !== undefined) {
    const at = address + offset
    const symbol = api.symbolAt(at)
    return { address: at, size: symbol?.start === at ? symbol.size : 0 }
  }
  const [symbol] = api.findSymbols(name)
  return symbol && { address: symbol.start + offset, size: offset === 0n ? symbol.size : 0 }
}
