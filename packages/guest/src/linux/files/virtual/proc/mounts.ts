/** What is mounted where, as the guest sees it: one tree of files, with what its own kernel provides. */

const mounts: ReadonlyArray<readonly [device: string, place: string, type: string, options: string]> = [
  ["/dev/root", "/", "ext4", "rw,relatime"],
  ["proc", "/proc", "proc", "rw,nosuid,nodev,noexec,relatime"],
  ["sysfs", "/sys", "sysfs", "ro,nosuid,nodev,noexec,relatime"]
]

/** /proc/PID/mounts, /etc/mtab. */
export const mountsText = (): string =>
  mounts.map(([device, place, type, options]) => `${device} ${place} ${type} ${options} 0 0\n`).join("")

/** /proc/PID/mountinfo. */
export const mountInfoText = (): string =>
  mounts
    .map(([device, place, type, options], i) => {
      const parent = i === 0 ? 0 : 1
      return `${i + 1} ${parent} 0:${i + 1} / ${place} ${options} - ${type} ${device} ${options.slice(0, 2)}\n`
    })
    .join("")
