/** Errors of the plugin system: where QEMU aborts or asserts, a tagged class that names the culprit. */
import * as Data from "effect/Data"

/** No plugin has this id. */
export class UnknownPluginError extends Data.TaggedError("UnknownPluginError")<{ readonly id: bigint }> {
  override get message() {
    return `no plugin has the id ${this.id}: it was never installed, or is uninstalled`
  }
}

/** No event has this number. */
export class UnknownEventError extends Data.TaggedError("UnknownEventError")<{ readonly event: number }> {
  override get message() {
    return `there is no event ${this.event}: use one of the values of PluginEvent`
  }
}

/** Handlers of an event were asked for, or given, in a form that the event does not have. */
export class EventShapeError extends Data.TaggedError("EventShapeError")<{
  readonly event: string
  readonly expected: string
  readonly actual: string
}> {
  override get message() {
    return `event ${this.event} takes a handler of the form "${this.expected}", not "${this.actual}"`
  }
}

/** A vCPU appeared whose index is in use. */
export class VcpuAlreadyLiveError extends Data.TaggedError("VcpuAlreadyLiveError")<{ readonly vcpu: number }> {
  override get message() {
    return `vCPU ${this.vcpu} is initialised already: end it (vcpuExit) before its index is used again`
  }
}

/** A vCPU was used that is not live. */
export class VcpuNotLiveError extends Data.TaggedError("VcpuNotLiveError")<{ readonly vcpu: number }> {
  override get message() {
    return `vCPU ${this.vcpu} is not live: it was never initialised (vcpuInit), or has ended`
  }
}

/** A vCPU index that is no index. */
export class InvalidVcpuIndexError extends Data.TaggedError("InvalidVcpuIndexError")<{ readonly vcpu: number }> {
  override get message() {
    return `${this.vcpu} is no vCPU index: use an integer from 0 to 65535`
  }
}

/** Something else than a function was given as a callback. */
export class CallbackTypeError extends Data.TaggedError("CallbackTypeError")<{
  readonly operation: string
  readonly actual: string
}> {
  override get message() {
    return `${this.operation} takes a function as its callback, not ${this.actual}`
  }
}

/** A number that stands for flags, a condition, an operation or a direction is out of range. */
export class OutOfRangeError extends Data.TaggedError("OutOfRangeError")<{
  readonly what: "CallbackFlags" | "PluginCond" | "InlineOp" | "MemRw" | "DisconKind"
  readonly value: number
}> {
  override get message() {
    return `${this.value} is out of range: use one of the values of ${this.what}`
  }
}

/** A scoreboard's element size is unusable. */
export class ScoreboardSizeError extends Data.TaggedError("ScoreboardSizeError")<{ readonly elementSize: number }> {
  override get message() {
    return `a scoreboard cannot have elements of ${this.elementSize} bytes: use a positive integer`
  }
}

/** A scoreboard was used for a vCPU that never was. */
export class ScoreboardIndexError extends Data.TaggedError("ScoreboardIndexError")<{
  readonly scoreboard: number
  readonly vcpu: number
  readonly numVcpus: number
}> {
  override get message() {
    const range = this.numVcpus === 0 ? "none exists yet (in install there never is one)" : `0 to ${this.numVcpus - 1} exist`
    return `scoreboard ${this.scoreboard} has no element for vCPU ${this.vcpu}: ${range}`
  }
}

/** A scoreboard was used that does not exist. */
export class FreedScoreboardError extends Data.TaggedError("FreedScoreboardError")<{ readonly scoreboard: number }> {
  override get message() {
    return `scoreboard ${this.scoreboard} does not exist: it was freed, or never made by scoreboardNew`
  }
}

/** An entry of a scoreboard does not lie inside its element. */
export class ScoreboardOffsetError extends Data.TaggedError("ScoreboardOffsetError")<{
  readonly scoreboard: number
  readonly offset: number
  readonly elementSize: number
}> {
  override get message() {
    return (
      `offset ${this.offset} is no place for a 64-bit entry in scoreboard ${this.scoreboard} with elements of ` +
      `${this.elementSize} bytes: use a multiple of 8 that leaves room for 8 bytes`
    )
  }
}

/** No room is left for scoreboards and traces. */
export class ScoreboardMemoryExhausted extends Data.TaggedError("ScoreboardMemoryExhausted")<{
  readonly bytes: number
  readonly available: number
}> {
  override get message() {
    return (
      `no room for a scoreboard or trace of ${this.bytes} bytes (largest free block: ${this.available}): ` +
      "free scoreboards that are no longer used, make their elements smaller, or traces of fewer records"
    )
  }
}

/** A trace cannot have room for so many records. */
export class TraceSizeError extends Data.TaggedError("TraceSizeError")<{ readonly records: number; readonly most: number }> {
  override get message() {
    return `a trace cannot have room for ${this.records} records: use an integer from 1 to ${this.most}`
  }
}

/** Values were asked of a trace that has none. */
export class TraceWithoutValuesError extends Data.TaggedError("TraceWithoutValuesError") {
  override get message() {
    return "this trace does not record values: make it with { values: true }"
  }
}

/** A trace has no site of this number. */
export class TraceSiteError extends Data.TaggedError("TraceSiteError")<{ readonly site: number; readonly sites: number }> {
  override get message() {
    return `the trace has no site ${this.site} (${this.sites} so far): use a number out of a batch's sites`
  }
}

/** A trace was used that is gone. */
export class ClosedTraceError extends Data.TaggedError("ClosedTraceError")<{ readonly plugin: string }> {
  override get message() {
    return `plugin ${this.plugin} used a trace that is gone: reset and uninstall end a plugin's traces, make a new one`
  }
}

/** A register or memory was used where no vCPU runs a callback. */
export class NoVcpuContextError extends Data.TaggedError("NoVcpuContextError")<{ readonly operation: string }> {
  override get message() {
    return `${this.operation} works only inside a callback of a vCPU: not in install, onFlush or onAtExit, and not after the callback returned`
  }
}

/** The running callback does not have the permission that an access needs. */
export class RegisterPermissionError extends Data.TaggedError("RegisterPermissionError")<{
  readonly operation: string
  readonly needed: "readRegs" | "readWriteRegs" | "readWriteRegsPc"
  /** The event that the callback is for; undefined for a callback in code, which has the permission that it was registered with. */
  readonly event: string | undefined
}> {
  override get message() {
    if (this.event === undefined) {
      return `${this.operation} is not permitted in this callback: register it with CallbackFlags.${this.needed}`
    }
    const where =
      this.needed === "readWriteRegsPc"
        ? "callbacks of system calls, discontinuities, idle and resume may change the pc"
        : "callbacks of a vCPU's events may use registers"
    return `${this.operation} is not permitted in a ${this.event} callback: ${where}, and callbacks in code with CallbackFlags.${this.needed}`
  }
}

/** A deferred callback used what belongs to the moment it stands for, which is over. */
export class DeferredCallbackError extends Data.TaggedError("DeferredCallbackError")<{ readonly operation: string }> {
  override get message() {
    return `${this.operation} has no place in a deferred callback, which runs later: register it without CallbackFlags.deferred`
  }
}

/** A register that plugins can't write, or that does not exist. */
export class RegisterAccessError extends Data.TaggedError("RegisterAccessError")<{
  readonly register: string
  readonly reason: "read-only" | "unknown"
}> {
  override get message() {
    if (this.reason === "unknown") return `there is no register ${this.register}: use a handle from getRegisters`
    return `register ${this.register} cannot be written${this.register === "pc" ? ": use setPc to change the pc" : ""}`
  }
}

/** An address that no instruction can have. */
export class PcAlignmentError extends Data.TaggedError("PcAlignmentError")<{
  readonly pc: bigint
  readonly alignment: bigint
}> {
  override get message() {
    const pc = BigInt.asUintN(64, this.pc).toString(16)
    return `0x${pc} cannot be the address of an instruction: use setPc with a multiple of ${this.alignment}`
  }
}

/** Guest memory that plugins cannot reach. */
export class GuestMemoryError extends Data.TaggedError("GuestMemoryError")<{
  readonly access: "read" | "write"
  readonly address: bigint
  readonly length: number
}> {
  override get message() {
    return Number.isInteger(this.length) && this.length > 0
      ? `cannot ${this.access} ${this.length} bytes of guest memory at 0x${BigInt.asUintN(64, this.address).toString(16)}: part of it is not mapped`
      : `cannot ${this.access} ${this.length} bytes of guest memory: ask for a whole number, at least one`
  }
}

/** A file that a plugin wants to write, and cannot. */
export class PluginFileError extends Data.TaggedError("PluginFileError")<{
  readonly path: string
  readonly reason: string
}> {
  override get message() {
    return `cannot write ${this.path}: ${this.reason}`
  }
}

/** Two plugins cannot be connected. */
export class PluginChannelError extends Data.TaggedError("PluginChannelError")<{
  readonly path: string
  readonly reason: string
}> {
  override get message() {
    return `cannot connect at ${this.path}: ${this.reason}`
  }
}

/** A block or instruction was used outside the `onTbTrans` callback that got it. */
export class StaleHandleError extends Data.TaggedError("StaleHandleError")<{
  readonly plugin: string
  readonly kind: "block" | "instruction"
  readonly pc: bigint
}> {
  override get message() {
    return (
      `plugin ${this.plugin} used the ${this.kind} at 0x${this.pc.toString(16)} outside the onTbTrans callback that got it: ` +
      "copy what you need inside the callback"
    )
  }
}

/** A plugin moved the guest's time that does not control it any more. */
export class TimeControlError extends Data.TaggedError("TimeControlError")<{ readonly plugin: string }> {
  override get message() {
    return `plugin ${this.plugin} does not control time any more: ask again with requestTimeControl after a reset`
  }
}

/** `uninstall` was called in `install`. */
export class UninstallInInstallError extends Data.TaggedError("UninstallInInstallError")<{ readonly plugin: string }> {
  override get message() {
    return `plugin ${this.plugin} calls uninstall in install: fail with PluginInstallFailure instead`
  }
}

/** An exclusive section, or a vCPU's slice, was entered inside of the other: a bug of the driver. */
export class ExclusiveError extends Data.TaggedError("ExclusiveError")<{
  readonly vcpu: number
  readonly problem: "already in guest code" | "is in an exclusive section"
}> {
  override get message() {
    return `vCPU ${this.vcpu} ${this.problem}: guest code and exclusive sections follow each other, they cannot contain each other`
  }
}

/** The host asks for something that only makes sense while the program runs. */
export class ProgramEndedError extends Data.TaggedError("ProgramEndedError") {
  override get message() {
    return "the program has ended: plugins can be attached, reset and uninstalled only while it runs"
  }
}

/** The host asks for a plugin to which something is being done already. */
export class PluginBusyError extends Data.TaggedError("PluginBusyError")<{
  readonly plugin: string
  readonly id: bigint
  readonly pending: "install" | "reset" | "uninstall"
}> {
  override get message() {
    return `plugin ${this.plugin} (id ${this.id}) is busy, its ${this.pending} is not finished: ask again later`
  }
}

/** A plugin's callback (or its install) threw. */
export class PluginCallbackError extends Data.TaggedError("PluginCallbackError")<{
  readonly plugin: string
  /**
   * An event's name, `install`, `reset`, `uninstall`, or the kind of a hot callback: `exec`, `cond`, `mem`; `asynchronous` for what
   * nobody of the plugin system has called.
   */
  readonly event: string
  /** Guest pc of the callback, or undefined where no vCPU is concerned. */
  readonly pc: bigint | undefined
  /** The guest's function that covers `pc`, where it is known. */
  readonly symbol: string | undefined
  readonly cause: unknown
}> {
  override get message() {
    const symbol = this.symbol === undefined ? "" : ` (${this.symbol})`
    const at = this.pc === undefined ? "" : ` at pc 0x${this.pc.toString(16)}${symbol}`
    const where = this.event === "install" ? "install" : `its ${this.event} callback${at}`
    return `plugin ${this.plugin} failed in ${where}: ${describeCause(this.cause)}`
  }
}

/** What a plugin threw, which can be anything, as one line. */
const describeCause = (cause: unknown): string => {
  try {
    const text =
      cause instanceof Error ? cause.message || cause.name : isPlain(cause) ? JSON.stringify(cause) : String(cause)
    return text.trim().replace(/\s*\n\s*/g, " ")
  } catch {
    return "it threw something that has no text"
  }
}

const isPlain = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)

/** What an engine reports of a hot callback that threw. */
export interface CallbackFailure {
  readonly plugin: bigint
  readonly event: string
  readonly pc: bigint
  readonly cause: unknown
}

/** Any error that a call of the plugin API fails with or throws. */
export type PluginError =
  | UnknownPluginError
  | UnknownEventError
  | EventShapeError
  | VcpuAlreadyLiveError
  | VcpuNotLiveError
  | InvalidVcpuIndexError
  | CallbackTypeError
  | OutOfRangeError
  | ScoreboardSizeError
  | ScoreboardIndexError
  | FreedScoreboardError
  | ScoreboardOffsetError
  | ScoreboardMemoryExhausted
  | TraceSizeError
  | TraceWithoutValuesError
  | TraceSiteError
  | ClosedTraceError
  | NoVcpuContextError
  | RegisterPermissionError
  | DeferredCallbackError
  | RegisterAccessError
  | PcAlignmentError
  | GuestMemoryError
  | PluginFileError
  | PluginChannelError
  | StaleHandleError
  | TimeControlError
  | UninstallInInstallError
  | ProgramEndedError
  | PluginBusyError
  | ExclusiveError
  | PluginCallbackError
