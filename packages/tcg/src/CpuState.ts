/** Views over the 4 GiB memory of a process, and the state of the vCPU that runs on it. */
import { GuestView } from "./GuestView.ts"
import * as Layout from "./Layout.ts"

/**
 * One process's memory with every view that engines, helpers and the kernel need. Views never detach: the memory has its
 * full size from the start.
 */
export class CpuState {
  readonly memory: WebAssembly.Memory
  readonly buffer: ArrayBufferLike
  readonly i64: BigInt64Array<ArrayBufferLike>
  readonly u64: BigUint64Array<ArrayBufferLike>
  readonly f64: Float64Array<ArrayBufferLike>
  readonly i32: Int32Array<ArrayBufferLike>
  readonly u32: Uint32Array<ArrayBufferLike>
  readonly f32: Float32Array<ArrayBufferLike>
  readonly i16: Int16Array<ArrayBufferLike>
  readonly u16: Uint16Array<ArrayBufferLike>
  readonly i8: Int8Array<ArrayBufferLike>
  readonly u8: Uint8Array<ArrayBufferLike>
  /**
   * Bytes of the upper 2 GiB, where libraries and the stack are. For V8 an index of `i8` from 2^31 on is not an int32 but a
   * number on the heap, and code that meets the first one is thrown away.
   */
  readonly upper8: Int8Array<ArrayBufferLike>
  readonly data: DataView<ArrayBufferLike>
  /** As `data`, by guest addresses: also high ones. For accesses that are known to be allowed. */
  readonly view: GuestView
  /** One byte of `Layout.PageFlag`s per page. */
  readonly pageTable: Uint8Array<ArrayBufferLike>
  /** The same for pages that are parts of frames of high memory. */
  readonly frameTable: Uint8Array<ArrayBufferLike>
  /**
   * Called where a page lacks some of the `PageFlag`s that an access needs: gives true where the access may be made after all, since
   * the page has been made accessible. Set by who manages the memory. Other pages may lose permissions by it.
   */
  bringIn: (page: number, needs: number) => boolean = () => false

  /**
   * Where guest bytes are in memory, one behind the other; -1 where they cannot be brought together. Only for pages that `bringIn` has
   * been asked for, or that the page table allows. Set by who manages the memory; addresses below `Layout.guestEnd` are where they say.
   */
  place: (address: number, length: number) => number = (address, length) =>
    address + length <= Layout.guestEnd ? address : -1

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory
    const buffer: ArrayBufferLike = memory.buffer
    this.buffer = buffer
    this.i64 = new BigInt64Array(buffer)
    this.u64 = new BigUint64Array(buffer)
    this.f64 = new Float64Array(buffer)
    this.i32 = new Int32Array(buffer)
    this.u32 = new Uint32Array(buffer)
    this.f32 = new Float32Array(buffer)
    this.i16 = new Int16Array(buffer)
    this.u16 = new Uint16Array(buffer)
    this.i8 = new Int8Array(buffer)
    this.u8 = new Uint8Array(buffer)
    this.upper8 = new Int8Array(buffer, Layout.upperHalf)
    this.data = new DataView(buffer)
    this.view = new GuestView(this)
    this.pageTable = new Uint8Array(buffer, Layout.pageTableBase, 1 << 20)
    this.frameTable = new Uint8Array(buffer, Layout.frameTableBase, 1 << 20)
  }
}
