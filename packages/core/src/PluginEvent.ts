/** What a plugin can register for, numbered as QEMU numbers it: the number is the bit in an event mask. */

/** Events in QEMU's order; the last four are younger than the seed. A discontinuity is three events, one per kind. */
export const PluginEvent = {
  vcpuInit: 0,
  vcpuExit: 1,
  vcpuTbTrans: 2,
  vcpuIdle: 3,
  vcpuResume: 4,
  vcpuSyscall: 5,
  vcpuSyscallRet: 6,
  flush: 7,
  atExit: 8,
  vcpuInterrupt: 9,
  vcpuException: 10,
  vcpuHostcall: 11,
  vcpuSyscallFilter: 12
} as const
export type PluginEvent = (typeof PluginEvent)[keyof typeof PluginEvent]

/** The name of an event. */
export type PluginEventName = keyof typeof PluginEvent

/** Names by number, for messages. */
export const eventNames = Object.keys(PluginEvent) as ReadonlyArray<PluginEventName>

/** All events in the order of their numbers. */
export const allEvents = Object.values(PluginEvent)

/** Kinds of discontinuity, as a bit mask for `onDiscon`. Values are QEMU's. */
export const DisconKind = { interrupt: 1, exception: 2, hostcall: 4, all: 7 } as const
export type DisconKind = (typeof DisconKind)[keyof typeof DisconKind]

/** The event that carries each kind of discontinuity. */
export const disconEvents: ReadonlyArray<readonly [kind: number, event: PluginEvent]> = [
  [DisconKind.interrupt, PluginEvent.vcpuInterrupt],
  [DisconKind.exception, PluginEvent.vcpuException],
  [DisconKind.hostcall, PluginEvent.vcpuHostcall]
]

/**
 * What the handler of an event is called with: nothing (`plain`), a vCPU (`vcpu`), a block (`tb`), a system call
 * (`syscall`), its result (`syscallRet`), or a jump (`discon`).
 */
export type EventShape = "plain" | "vcpu" | "tb" | "syscall" | "syscallRet" | "discon"

const shapes: Readonly<Record<PluginEventName, EventShape>> = {
  vcpuInit: "vcpu",
  vcpuExit: "vcpu",
  vcpuTbTrans: "tb",
  vcpuIdle: "vcpu",
  vcpuResume: "vcpu",
  vcpuSyscall: "syscall",
  vcpuSyscallRet: "syscallRet",
  flush: "plain",
  atExit: "plain",
  vcpuInterrupt: "discon",
  vcpuException: "discon",
  vcpuHostcall: "discon",
  vcpuSyscallFilter: "syscall"
}

/**
 * The shape of an event's handler.
 *
 * @param event a number that may come from a caller without types
 * @returns the shape, or undefined where no event has this number
 */
export const shapeOf = (event: number): EventShape | undefined => {
  const name = eventNames[event]
  return name === undefined ? undefined : shapes[name]
}

/** The bit of an event in a mask. */
export const eventBit = (event: PluginEvent): number => 1 << event
