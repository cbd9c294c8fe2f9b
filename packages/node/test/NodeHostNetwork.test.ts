/** The host's network on Node: connections, datagrams, files that stand for sockets. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import {
  HostNetwork,
  type ConnectionEvents,
  type HostConnection,
  type HostEndpoint,
  type HostNetworkShape
} from "@emu/guest/HostNetwork"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { makeSocketFile } from "../src/internal/network/socketFile.ts"
import * as NodeHostNetwork from "@emu/node/NodeHostNetwork"
import * as Effect from "effect/Effect"

const loopback: HostEndpoint = { ip: "127.0.0.1", port: 0 }
const options = { backlog: 8, reusesAddress: false, reusesPort: false, isSixOnly: false }
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Gives the network to a test, and waits for what it has left to send. */
const withNetwork = (test: (network: HostNetworkShape) => Promise<void>): Promise<void> =>
  Effect.runPromise(
    Effect.flatMap(HostNetwork, ({ network }) => Effect.promise(() => test(network!))).pipe(
      Effect.provide(NodeHostNetwork.layer)
    )
  )

/** What is told of a connection, and waiting for it. */
class Told {
  local: HostEndpoint | undefined
  error = 0
  #wake: Array<() => void> = []
  readonly events: ConnectionEvents = {
    connected: (local) => {
      this.local = local
      this.#tell()
    },
    received: () => this.#tell(),
    drained: () => this.#tell(),
    failed: (errno) => {
      this.error = errno
      this.#tell()
    }
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }
}

const readAll = async (connection: HostConnection, told: Told): Promise<string> => {
  await told.until(() => connection.isAtEnd())
  const into = new Uint8Array(connection.available())
  return text(into.subarray(0, connection.read(into, false)))
}

const answer = async (connection: HostConnection, told: Told): Promise<void> => {
  const all = await readAll(connection, told)
  connection.write(new TextEncoder().encode(all.toUpperCase()))
  connection.close(false)
}

/** A server that sends back what it is sent, once that ends; where it listens, and what stops it. */
const echo = (network: HostNetworkShape): Promise<{ readonly at: HostEndpoint; readonly stop: () => void }> =>
  new Promise((resolve, reject) => {
    const stop = network.listen(loopback, options, {
      listening: (at) => resolve({ at, stop }),
      failed: (errno) => reject(new Error(`errno ${errno}`)),
      incoming: ({ connection, tell }) => {
        const told = new Told()
        tell(told.events)
        void answer(connection, told)
      }
    })
  })

describe("connections", () => {
  it("carry bytes both ways; one direction may end before the other", () =>
    withNetwork(async (network) => {
      const { at, stop } = await echo(network)
      const told = new Told()
      const connection = network.connect(at, undefined, told.events)
      await told.until(() => told.local !== undefined)
      assert.strictEqual(told.local!.ip, "127.0.0.1")
      connection.write(new TextEncoder().encode("hello"))
      connection.shutdownWrite()
      assert.strictEqual(await readAll(connection, told), "HELLO")
      connection.close(false)
      stop()
    }))

  it("leave bytes that are only looked at", () =>
    withNetwork(async (network) => {
      const { at, stop } = await echo(network)
      const told = new Told()
      const connection = network.connect(at, undefined, told.events)
      connection.write(new TextEncoder().encode("abc"))
      connection.shutdownWrite()
      await told.until(() => connection.isAtEnd())
      const into = new Uint8Array(2)
      assert.deepStrictEqual([connection.read(into, true), text(into)], [2, "AB"])
      assert.deepStrictEqual([connection.read(into, false), text(into)], [2, "AB"])
      assert.deepStrictEqual([connection.read(into, false), connection.available()], [1, 0])
      connection.close(false)
      stop()
    }))

  it("are refused where nobody listens", () =>
    withNetwork(async (network) => {
      const { at, stop } = await echo(network)
      stop()
      const told = new Told()
      network.connect(at, undefined, told.events)
      await told.until(() => told.error !== 0)
      assert.strictEqual(told.error, Errno.ECONNREFUSED)
    }))

  it("send what was written although they are closed at once", () =>
    withNetwork(async (network) => {
      const size = 3_000_000
      const received = new Promise<number>((resolve) => {
        const stop = network.listen(loopback, options, {
          listening: (at) => {
            const told = new Told()
            const connection = network.connect(at, undefined, told.events)
            connection.write(new Uint8Array(size))
            void told.until(() => told.local !== undefined).then(() => connection.close(false))
          },
          failed: () => resolve(-1),
          incoming: ({ connection, tell }) => {
            let count = 0
            const into = new Uint8Array(65536)
            const read = (): void => {
              for (let part = 1; part > 0; count += part) part = connection.read(into, false)
              if (!connection.isAtEnd()) return
              stop()
              resolve(count)
            }
            tell({ connected: () => {}, received: read, drained: () => {}, failed: () => {} })
          }
        })
      })
      assert.strictEqual(await received, size)
    }))

  it("cannot be listened for where somebody does already", () =>
    withNetwork(async (network) => {
      const { at, stop } = await echo(network)
      const errno = await new Promise<number>((resolve) => {
        network.listen(at, options, { listening: () => resolve(0), failed: resolve, incoming: () => {} })
      })
      assert.strictEqual(errno, Errno.EADDRINUSE)
      stop()
    }))
})

describe("datagrams", () => {
  it("come one by one, with where they come from", () =>
    withNetwork(async (network) => {
      const received: Array<string> = []
      await new Promise<void>((resolve) => {
        const receiver = network.datagrams(loopback, options, {
          failed: () => resolve(),
          received: (bytes, from) => {
            received.push(`${from.ip} ${text(bytes)}`)
            if (received.length < 2) return
            receiver.close()
            sender.close()
            resolve()
          },
          bound: (at) => {
            sender.send(new TextEncoder().encode("one"), at)
            sender.send(new TextEncoder().encode("two"), at)
          }
        })
        const sender = network.datagrams(loopback, options, { bound: () => {}, failed: () => {}, received: () => {} })
      })
      assert.deepStrictEqual(received.toSorted(), ["127.0.0.1 one", "127.0.0.1 two"])
    }))
})

it("interfaces have loopback among them", () =>
  withNetwork(async (network) => {
    const lo = network.interfaces().find(({ isLoopback }) => isLoopback)
    assert.isTrue(lo?.addresses.some(({ ip, prefix }) => ip === "127.0.0.1" && prefix === 8))
  }))

describe("files that stand for sockets", () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "emu-sockets-"))
  afterAll(() => fs.rmSync(directory, { recursive: true }))

  it("are of that type, with the permissions given, and nothing else is left behind", () => {
    const file = path.join(directory, "s")
    assert.strictEqual(makeSocketFile(file, 0o640), 0)
    const stat = fs.lstatSync(file)
    assert.deepStrictEqual([stat.isSocket(), stat.mode & 0o777], [true, 0o640])
    assert.deepStrictEqual(fs.readdirSync(directory), ["s"])
    assert.strictEqual(makeSocketFile(file, 0o600), -Errno.EEXIST)
    assert.deepStrictEqual(fs.readdirSync(directory), ["s"])
  })

  it("may have long paths, but need a directory", () => {
    const deep = path.join(directory, "x".repeat(120))
    fs.mkdirSync(deep)
    assert.strictEqual(makeSocketFile(path.join(deep, "socket"), 0o600), 0)
    assert.strictEqual(makeSocketFile(path.join(directory, "none", "s"), 0o600), -Errno.ENOENT)
  })
})
