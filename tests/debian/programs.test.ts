/** Debian's own programs under emu and under QEMU: the same stdout, stderr and status. */
import * as fs from "node:fs"
import * as path from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { emu, type Finished, run, temporaryDirectory } from "../support/cli.ts"
import { type Case, groups, workFiles } from "./cases.ts"
import { prepare } from "./machine.ts"

const machine = prepare()
const engines = ["interpreter"]
if (machine._tag === "Missing") {
  process.stderr.write(`Debian tests skipped: ${machine.reason}\n`)
}

/** No locale, no colours, no hash seed: what the guest sees is what stands here. */
const env = { PATH: "/usr/bin:/bin", HOME: "/", TZ: "UTC0", PYTHONHASHSEED: "0" }

describe.skipIf(machine._tag === "Missing")("Debian programs", () => {
  if (machine._tag === "Missing") return
  const { qemu, sysroot } = machine
  let directory: ReturnType<typeof temporaryDirectory>
  beforeAll(() => {
    directory = temporaryDirectory()
    for (const [name, content] of workFiles) {
      fs.writeFileSync(path.join(directory.path, name), content)
      fs.utimesSync(path.join(directory.path, name), 1_000_000_000, 1_000_000_000)
    }
  })
  afterAll(() => directory[Symbol.dispose]())

  const references = new Map<Case, Promise<Finished>>()
  const start = (command: string, options: ReadonlyArray<string>, { command: [program, ...args], stdin }: Case) =>
    run(command, [...options, path.join(sysroot, "usr/bin", program!), ...args], {
      cwd: directory.path,
      env,
      timeout: 280,
      ...(stdin === undefined ? {} : { stdin })
    })
  const underQemu = (item: Case): Promise<Finished> => {
    let reference = references.get(item)
    if (reference === undefined) references.set(item, (reference = start(qemu, ["-L", sysroot], item)))
    return reference
  }

  for (const engine of engines) {
    for (const [group, cases] of groups) {
      describe(`${engine}: ${group}`, () => {
        it.each(cases.map((item) => [item.command.join(" ").slice(0, 100), item] as const))("%s", async (_, item) => {
          const wanted = await underQemu(item)
          const got = await start(emu, ["run", "--quiet", "--engine", engine, "-L", sysroot, "--"], item)
          assert.strictEqual(got.stdout.toString(), wanted.stdout.toString(), got.stderr.toString())
          assert.strictEqual(got.stderr.toString(), wanted.stderr.toString())
          assert.strictEqual(got.status, wanted.status)
        })
      })
    }
  }
})
