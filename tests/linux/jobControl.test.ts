/** Job control in a guest's shell, on a terminal that tmux plays. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { emu } from "../support/cli.ts"

const sysroot = process.env["EMU_SYSROOT"] ?? ""
const bash = path.join(sysroot, "usr/bin/bash")
const sleep = path.join(sysroot, "usr/bin/sleep")
const server = `emu-test-${process.pid}`

const tmux = (...args: ReadonlyArray<string>): string =>
  spawnSync("tmux", ["-L", server, "-f", "/dev/null", ...args], { encoding: "utf8" }).stdout

/** Why this cannot be tried here. */
const obstacle = (): string | undefined => {
  if (spawnSync("tmux", ["-V"]).status !== 0) return "tmux is not installed"
  return [bash, sleep].every((file) => fs.existsSync(file))
    ? undefined
    : "EMU_SYSROOT names no sysroot with usr/bin/bash and usr/bin/sleep"
}

afterAll(() => void tmux("kill-server"))

/** Waits until the screen has text, at most for a minute. */
const shows = async (text: RegExp): Promise<string> => {
  const end = Date.now() + 20_000
  for (;;) {
    const screen = tmux("capture-pane", "-p", "-J", "-S", "-")
    if (text.test(screen)) return screen
    assert.isBelow(Date.now(), end, `${String(text)} is not on the screen:\n${screen}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const type = (...keys: ReadonlyArray<string>): void => void tmux("send-keys", ...keys)

describe("bash on a terminal", () => {
  it("stops, lists, goes on with and interrupts its jobs, and is itself a job of the host's shell", async ({ skip }) => {
    const reason = obstacle()
    if (reason !== undefined) return skip(reason)
    const shell = "env -i PS1='host> ' TERM=xterm PATH=/usr/bin:/bin bash --norc --noprofile -i"
    tmux("new-session", "-d", "-x", "150", "-y", "50", shell)
    await shows(/host> /)
    type(`${emu} run -L ${sysroot} ${bash} --norc --noprofile -i`, "Enter")
    // bash without PS1 of its own takes the one it gets
    await shows(/bash --norc --noprofile -i\s+host> /)
    type("PS1='guest> '", "Enter")
    await shows(/guest> /)

    type(`${bash} -c 'echo begun; exec ${sleep} 1000'`, "Enter")
    await shows(/\nbegun\s/)
    type("C-z")
    await shows(/\[1\]\+ {2}Stopped .*sleep 1000'\s+guest> /)
    type("bg", "Enter")
    await shows(/\[1\]\+ .*sleep 1000' &\s+guest> /)
    type("jobs", "Enter")
    await shows(/\[1\]\+ {2}Running .*sleep 1000' &\s+guest> /)
    type("fg", "Enter")
    await shows(/guest> fg\s+\S+bash -c .*sleep 1000'\s*$/)
    type("C-c")
    await shows(/\^C\s+guest>\s*$/)
    type("echo status $?", "Enter")
    await shows(/\nstatus 130\s/)
    type("read line &", "Enter")
    type("jobs", "Enter")
    await shows(/\[1\]\+ {2}Stopped .*read line/)
    type("kill -9 %1; wait; echo ended", "Enter")
    await shows(/\nended\s/)

    tmux("resize-window", "-x", "120", "-y", "40")
    type("shopt -s checkwinsize; (:); echo $LINES x $COLUMNS", "Enter")
    await shows(/\n40 x 120\s/)

    type("suspend", "Enter")
    await shows(/\[1\]\+ {2}Stopped .*bash --norc[^\n]*\s+host> /)
    type("fg", "Enter")
    await shows(/host> fg\s[^]*/)
    type("echo once $((1 + 1)) more", "Enter")
    await shows(/\nonce 2 more\s+guest> /)
    type("exit 3", "Enter")
    type("echo left with $?", "Enter")
    const screen = await shows(/\nleft with \d+\s+host> /)
    assert.match(screen, /\nleft with 3\s/)
  })
})
