/** Debian's servers and clients, talking to each other within a run, and with this machine. */
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { emu, run, temporaryDirectory } from "../support/cli.ts"
import { prepare } from "./machine.ts"

const machine = prepare()
if (machine._tag === "Missing") process.stderr.write(`Tests of networking skipped: ${machine.reason}\n`)

const env = { PATH: "/usr/sbin:/usr/bin:/bin", HOME: "/", TZ: "UTC0", LC_ALL: "C" }

/** A port that nobody has now. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = net.createServer()
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const httpServer = (directory: string, port: number): string => `
import functools, http.server, threading, urllib.request
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", ${port}), functools.partial(Quiet, directory=${JSON.stringify(directory)}))
threading.Thread(target=server.serve_forever, daemon=True).start()
`

const asyncio = `
import asyncio
async def main():
    async def upper(reader, writer):
        while line := await reader.readline():
            writer.write(line.upper()); await writer.drain()
        writer.close()
    server = await asyncio.start_server(upper, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async def client(i):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for j in range(5):
            writer.write(b"line %d of %d\\n" % (j, i))
            assert await reader.readline() == b"LINE %d OF %d\\n" % (j, i)
        writer.close(); await writer.wait_closed()
    await asyncio.gather(*(client(i) for i in range(50)))
    print("50 clients were answered")
asyncio.run(main())
`

/** As many connections as the argument says are open at once, and each gets what is its own. */
const manyConnections = `
import os, resource, selectors, socket, sys
count = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (2 * count + 100, 2 * count + 100))
server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen(4096)
child = os.fork()
if child == 0:
    clients = [socket.create_connection(server.getsockname()) for _ in range(count)]
    for i, client in enumerate(clients): client.sendall(b"%06d" % i)
    for i, client in enumerate(clients): assert client.recv(6, socket.MSG_WAITALL) == b"%06d" % i
    print("all answered", flush=True)
    for client in clients: client.close()
    os._exit(0)
server.setblocking(False)
selector = selectors.EpollSelector(); selector.register(server, selectors.EVENT_READ)
now = most = closed = 0
while closed < count:
    for key, _ in selector.select():
        if key.fileobj is server:
            try:
                while True:
                    client, _ = server.accept(); selector.register(client, selectors.EVENT_READ)
                    now += 1; most = max(most, now)
            except BlockingIOError: pass
        elif data := key.fileobj.recv(100): key.fileobj.sendall(data)
        else:
            selector.unregister(key.fileobj); key.fileobj.close(); now -= 1; closed += 1
os.waitpid(child, 0)
print(most, "at once")
`

const unixSockets = `
import os, socket, threading
server = socket.socket(socket.AF_UNIX); server.bind("here.sock"); server.listen()
client = socket.socket(socket.AF_UNIX); client.connect("here.sock")
accepted, _ = server.accept()
reads, writes = os.pipe()
socket.send_fds(client, [b"descriptor"], [writes]); os.close(writes)
message, files, _, _ = socket.recv_fds(accepted, 100, 4)
os.write(files[0], b"through it"); os.close(files[0])
print(message, os.read(reads, 100), os.read(reads, 100), os.path.exists("here.sock"))
`

describe.skipIf(machine._tag === "Missing")("networking", () => {
  if (machine._tag === "Missing") return
  const { sysroot } = machine
  let directory: ReturnType<typeof temporaryDirectory>
  beforeAll(() => {
    directory = temporaryDirectory()
    fs.writeFileSync(path.join(directory.path, "page.txt"), "a page\n")
    fs.writeFileSync(path.join(directory.path, "big"), Buffer.alloc(1_000_000, "0123456789abcdef\n"))
  })
  afterAll(() => directory[Symbol.dispose]())

  /** Runs a program of the sysroot. */
  const guest = (options: ReadonlyArray<string>, program: string, ...args: ReadonlyArray<string>) =>
    run(emu, ["run", "--quiet", ...options, "-L", sysroot, "--", path.join(sysroot, "usr", program), ...args], {
      cwd: directory.path,
      env,
      timeout: 280
    })
  const has = (...programs: ReadonlyArray<string>): boolean => {
    const missing = programs.filter((program) => !fs.existsSync(path.join(sysroot, "usr", program)))
    if (missing.length > 0) process.stderr.write(`skipped: the sysroot has no ${missing.join(", ")}\n`)
    return missing.length === 0
  }

  for (const mode of ["inside", "host"]) {
    describe(`--net ${mode}`, () => {
      it.skipIf(!has("bin/python3"))("python3: http.server and urllib", async () => {
        const fetch = `print(urllib.request.urlopen("http://127.0.0.1:%d/page.txt" % server.server_port).read())`
        const got = await guest(["--net", mode], "bin/python3", "-c", httpServer(directory.path, 0) + fetch)
        assert.strictEqual(got.stdout.toString(), "b'a page\\n'\n", got.stderr.toString())
      })

      it.skipIf(!has("bin/python3"))("python3: asyncio", async () => {
        const got = await guest(["--net", mode], "bin/python3", "-c", asyncio)
        assert.strictEqual(got.stdout.toString(), "50 clients were answered\n", got.stderr.toString())
      })

      it.skipIf(!has("bin/python3"))("python3: AF_UNIX and descriptors in messages", async () => {
        const got = await guest(["--net", mode], "bin/python3", "-c", unixSockets)
        fs.rmSync(path.join(directory.path, "here.sock"))
        assert.strictEqual(got.stdout.toString(), "b'descriptor' b'through it' b'' True\n", got.stderr.toString())
      })

      it.skipIf(!has("bin/redis-server", "bin/redis-cli", "bin/bash"))(
        "redis-server, redis-cli, redis-benchmark",
        async () => {
          const port = await freePort()
          const script = `
redis-server --port ${port} --save "" --appendonly no --unixsocket ./redis.sock > redis.log 2>&1 &
until redis-cli -p ${port} ping > /dev/null 2>&1; do sleep 0.2; done
redis-cli -p ${port} set key value
redis-cli -p ${port} get key
redis-cli -s ./redis.sock incr counter
mapfile -t lines < <(redis-benchmark -p ${port} -n 300 -c 10 --csv -t set,get)
echo "\${#lines[@]} lines"
redis-cli -p ${port} shutdown nosave
wait`
          const got = await guest(["--net", mode], "bin/bash", "-c", script)
          assert.strictEqual(got.stdout.toString().trim(), "OK\nvalue\n1\n3 lines", got.stderr.toString())
        }
      )
    })
  }

  it.skipIf(!has("bin/python3"))("2,000 connections are open at once, and none gets lost", async () => {
    const got = await guest(["--net", "inside"], "bin/python3", "-c", manyConnections, "2000")
    assert.strictEqual(got.stdout.toString(), "all answered\n2000 at once\n", got.stderr.toString())
  })

  it.skipIf(!has("sbin/nginx", "bin/curl", "bin/bash"))(
    "nginx answers curl, and this machine by a published port",
    async () => {
      const published = await freePort()
      const here = directory.path
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${here}/t;`)
      fs.writeFileSync(
        path.join(here, "nginx.conf"),
        `daemon off; worker_processes 2; pid ${here}/nginx.pid; error_log ${here}/nginx.log; user root;
events { worker_connections 256; }
http { access_log off; ${temporary.join(" ")} server { listen 8080; root ${here}; } }`
      )
      const script = `
nginx -c ${here}/nginx.conf & server=$!
until curl -sS http://127.0.0.1:8080/page.txt 2> /dev/null; do sleep 0.2; done
curl -sS http://127.0.0.1:8080/big | wc -c
curl -sS -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8080/none
until [ -e done ]; do sleep 0.2; done
kill -QUIT $server; wait $server; echo "nginx $?"`
      const options = ["--net", "inside", "--publish", `${published}:8080`]
      const finished = guest(options, "bin/bash", "-c", script)
      const fromHere = await untilAnswered(`http://127.0.0.1:${published}/big`)
      fs.writeFileSync(path.join(here, "done"), "")
      const got = await finished
      assert.strictEqual(fromHere, 1_000_000)
      assert.strictEqual(got.stdout.toString(), "a page\n1000000\n404\nnginx 0\n", got.stderr.toString())
    }
  )

  it.skipIf(!has("bin/curl"))("curl reaches this machine under --net host, and not under --net inside or none", async () => {
    const { createServer } = await import("node:http")
    const server = createServer((_, response) => response.end("from the host\n"))
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
    const address = server.address() as net.AddressInfo
    const url = `http://localhost:${address.port}/`
    try {
      const [host, inside, none] = await Promise.all(
        ["host", "inside", "none"].map((mode) => guest(["--net", mode], "bin/curl", "-sS", url))
      )
      assert.strictEqual(host!.stdout.toString(), "from the host\n", host!.stderr.toString())
      assert.deepStrictEqual([inside!.status, none!.status], [7, 7])
    } finally {
      server.close()
    }
  })

  it.skipIf(!has("sbin/ip"))("ip lists the interfaces of a closed network", async () => {
    const got = await guest(["--net", "inside"], "sbin/ip", "-o", "-4", "addr")
    assert.match(got.stdout.toString(), /^1: lo +inet 127\.0\.0\.1\/8 scope host lo/, got.stderr.toString())
  })
})

/** The length of what a URL gives, as soon as somebody answers. */
const untilAnswered = async (url: string): Promise<number> => {
  for (;;) {
    try {
      const response = await fetch(url)
      return (await response.arrayBuffer()).byteLength
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}
