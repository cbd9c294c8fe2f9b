/** The page of examples/browser in a browser: the emulator without Node, on files in memory, with the JIT. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { buildPage } from "../../examples/browser/build.ts"
import type { PageRun } from "../../examples/browser/page.ts"
import { run, temporaryDirectory } from "../support/cli.ts"

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".elf": "application/octet-stream"
}

/** What tells the server when the page has its results. */
const reporter = `<script>
  const timer = setInterval(() => {
    const text = document.body.textContent.trim()
    if (!/^[{]|^failed/.test(text)) return
    clearInterval(timer)
    fetch("/report", { method: "POST", body: text })
  }, 50)
</script>`

/** Serves a directory, cross-origin isolated or not; and what the page reports. */
const serve = async (directory: string, isIsolated: boolean) => {
  const reported = Promise.withResolvers<string>()
  const server = http.createServer((request, response) => {
    const name = request.url === "/" ? "/index.html" : (request.url ?? "/")
    if (name === "/report") {
      let text = ""
      request.on("data", (chunk) => (text += chunk))
      request.on("end", () => reported.resolve(text))
      response.end()
      return
    }
    const file = path.join(directory, path.basename(name))
    if (!fs.existsSync(file)) return void response.writeHead(404).end()
    const type = types[path.extname(file)] ?? "text/plain"
    const isolation = isIsolated
      ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }
      : {}
    response.writeHead(200, { "Content-Type": type, ...isolation })
    response.end(name === "/index.html" ? fs.readFileSync(file, "utf8") + reporter : fs.readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, report: reported.promise, [Symbol.dispose]: () => void server.close() }
}

/** The first command of the name that PATH has. */
const findBrowser = async (): Promise<string | undefined> => {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    const { status } = await run("/bin/sh", ["-c", `command -v ${name}`], { env: { PATH: process.env["PATH"] ?? "" } })
    if (status === 0) return name
  }
  return undefined
}

describe("examples/browser", () => {
  const assertRuns = async (isIsolated: boolean, skip: (reason: string) => void) => {
    const browser = await findBrowser()
    if (browser === undefined) return skip("there is no Chromium here (Debian: apt-get install chromium)")
    using directory = temporaryDirectory()
    const page = path.join(directory.path, "page")
    await buildPage(page)
    using server = await serve(page, isIsolated)
    const profile = path.join(directory.path, "profile")
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`]
    const child = spawn(browser, [...flags, server.url], { stdio: "ignore", detached: true })
    const ended = new Promise<never>((_resolve, reject) => {
      child.once("error", reject)
      child.once("exit", (code) => reject(new Error(`${browser} ended with status ${code}`)))
    })
    try {
      const text = await Promise.race([server.report, ended])
      assert.notMatch(text, /^failed/)
      const { hello, primes } = JSON.parse(text) as Record<string, PageRun>
      assert.deepStrictEqual([hello?.status, hello?.stdout], [0, "Hello from RISC-V!\n"])
      assert.deepStrictEqual([primes?.status, primes?.stdout], [0, "9592 primes below 100000, the last is 99991\n"])
      assert.strictEqual(primes?.insns, 1_350_102)
      assert.match(primes?.counted ?? "", /total insns: 1350102\n/)
      assert.isAbove(primes?.regions ?? 0, 0)
    } finally {
      // with its helpers, which are in its group
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL")
    }
  }

  it("runs hello and primes under a plugin with the JIT, without shared memory", ({ skip }) => assertRuns(false, skip))
  it("does so with shared memory where the page is cross-origin isolated", ({ skip }) => assertRuns(true, skip))
})
