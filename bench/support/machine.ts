/** What the measurements were made on and with. */
import { spawnSync } from "node:child_process"
import * as os from "node:os"

/** The first line that a command prints; undefined where it cannot be run or fails. */
export const firstLine = (program: string, args: ReadonlyArray<string>, cwd?: string): string | undefined => {
  const child = spawnSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
  return child.status === 0 ? child.stdout.split("\n", 1)[0] : undefined
}

/**
 * The machine, the versions and the date, in one line.
 *
 * @param root of the checkout
 * @param qemu QEMU's own words about its version
 */
export const describeMachine = (root: string, qemu: string): string => {
  const processors = os.cpus()
  const load = os.loadavg().map((value) => value.toFixed(1))
  return [
    `${processors[0]?.model ?? os.arch()}, ${processors.length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ` +
      `${os.type()} ${os.release()}, load ${load.join(" ")}`,
    `emu ${firstLine("git", ["describe", "--always", "--dirty"], root) ?? "of unknown commit"}, Node ${process.versions.node}, ${qemu}`,
    new Date().toISOString().slice(0, 10)
  ].join("; ")
}
