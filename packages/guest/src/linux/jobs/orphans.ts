/** Orphaned process groups (credentials(7)): nobody could make them go on, so terminals do not stop them. */

/** A process, as far as it matters here. */
interface Member {
  readonly parent: Member | undefined
  /** Undefined as long as it lives. */
  readonly end: unknown
  readonly isFirst: boolean
  readonly kernel: { readonly attributes: { readonly processGroup: number; readonly session: number } }
}

/**
 * Whether no process of a group has a parent in the same session and outside of the group. The parent of the first process counts as
 * one: it is the shell that has started emu.
 */
export const isOrphaned = (processes: { readonly group: (id: number) => ReadonlyArray<Member> }, group: number): boolean =>
  !processes.group(group).some((member) => member.end === undefined && hasGuardian(member))

const hasGuardian = ({ isFirst, kernel, parent }: Member): boolean => {
  if (parent === undefined) return isFirst
  if (parent.end !== undefined) return false
  const [own, its] = [kernel.attributes, parent.kernel.attributes]
  return own.session === its.session && own.processGroup !== its.processGroup
}
