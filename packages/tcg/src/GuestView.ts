/** Numbers in guest memory by their guest addresses, little-endian as the guest has them. */
import { guestEnd } from "./Layout.ts"

/** A memory, and where the bytes of guest addresses are in it. */
export interface PlacedBytes {
  readonly data: DataView<ArrayBufferLike>
  readonly place: (address: number, length: number) => number
}

/** What `DataView` has, over all of a process's addresses. `CpuState.place` says where high ones are. */
export class GuestView {
  readonly #state: PlacedBytes

  constructor(state: PlacedBytes) {
    this.#state = state
  }

  #at(address: number, size: number): number {
    return address + size <= guestEnd ? address : this.#state.place(address, size)
  }

  getUint8(address: number): number {
    return this.#state.data.getUint8(this.#at(address, 1))
  }
  setUint8(address: number, value: number): void {
    this.#state.data.setUint8(this.#at(address, 1), value)
  }
  getUint16(address: number, littleEndian?: boolean): number {
    return this.#state.data.getUint16(this.#at(address, 2), littleEndian)
  }
  setUint16(address: number, value: number, littleEndian?: boolean): void {
    this.#state.data.setUint16(this.#at(address, 2), value, littleEndian)
  }
  getInt16(address: number, littleEndian?: boolean): number {
    return this.#state.data.getInt16(this.#at(address, 2), littleEndian)
  }
  setInt16(address: number, value: number, littleEndian?: boolean): void {
    this.#state.data.setInt16(this.#at(address, 2), value, littleEndian)
  }
  getUint32(address: number, littleEndian?: boolean): number {
    return this.#state.data.getUint32(this.#at(address, 4), littleEndian)
  }
  setUint32(address: number, value: number, littleEndian?: boolean): void {
    this.#state.data.setUint32(this.#at(address, 4), value, littleEndian)
  }
  getInt32(address: number, littleEndian?: boolean): number {
    return this.#state.data.getInt32(this.#at(address, 4), littleEndian)
  }
  setInt32(address: number, value: number, littleEndian?: boolean): void {
    this.#state.data.setInt32(this.#at(address, 4), value, littleEndian)
  }
  getBigInt64(address: number, littleEndian?: boolean): bigint {
    return this.#state.data.getBigInt64(this.#at(address, 8), littleEndian)
  }
  setBigInt64(address: number, value: bigint, littleEndian?: boolean): void {
    this.#state.data.setBigInt64(this.#at(address, 8), value, littleEndian)
  }
  getBigUint64(address: number, littleEndian?: boolean): bigint {
    return this.#state.data.getBigUint64(this.#at(address, 8), littleEndian)
  }
  setBigUint64(address: number, value: bigint, littleEndian?: boolean): void {
    this.#state.data.setBigUint64(this.#at(address, 8), value, littleEndian)
  }
}
