import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { eventMask, registrations } from "@emu/core/PluginState"
import { Commands } from "./commands.ts"
import type { Command } from "./commands.ts"
import { Model } from "./model.ts"
import { StateSubject, transitions } from "./subject.ts"
import type { Transitions } from "./subject.ts"

/** Runs a sequence on model and subject; throws at the first difference. */
const agree = (commands: ReadonlyArray<Command>, t: Transitions = transitions): void => {
  const model = new Model()
  const subject = new StateSubject(t)
  for (const [i, command] of commands.entries()) {
    const where = `command ${i}: ${JSON.stringify(command)}`
    assert.deepStrictEqual(subject.run(command), model.run(command), where)
    assert.deepStrictEqual(subject.snapshot(), model.snapshot(), where)
  }
}

const fails = (commands: ReadonlyArray<Command>, t: Transitions): boolean => {
  try {
    agree(commands, t)
    return false
  } catch {
    return true
  }
}

/** Broken transitions, each wrong in a way that QEMU or a careless rewrite is. */
const plantedBugs: Readonly<Record<string, Partial<Transitions>>> = {
  "a re-registered handler moves to the head": {
    register: (state, id, event, handler) =>
      Result.flatMap(transitions.register(state, id, event, undefined), ([gone, between]) =>
        Result.map(transitions.register(between, id, event, handler), ([made, next]) => [[...gone, ...made], next])
      )
  },
  "a removed handler is still called (B3)": { currentHandler: (_, node) => node.handler },
  "a pending reset survives an uninstall (L2)": {
    requestUninstall: (state, id) =>
      Result.map(transitions.requestUninstall(state, id), ([request, next]) => [
        request,
        {
          ...next,
          plugins: next.plugins.map((p) =>
            p.phase === "uninstalling" && state.plugins.some((q) => q.id === p.id && q.phase === "resetting")
              ? { ...p, phase: "resetting" as const }
              : p
          )
        }
      ])
  },
  "growth leaves the boards as they are (B4)": {
    vcpuInit: (state, vcpu) => keepBoards(state, transitions.vcpuInit(state, vcpu))
  },
  "masks of vCPUs change at once": {
    register: (state, id, event, handler) =>
      Result.map(transitions.register(state, id, event, handler), ([actions, next]) => [
        actions,
        {
          ...next,
          vcpus: new Map(Array.from(next.vcpus.keys(), (vcpu) => [vcpu, { mask: eventMask(next), isEnding: false }]))
        }
      ])
  },
  "atexit runs again (B7)": { userExit: (state) => transitions.userExit({ ...state, exited: false }) }
}

const keepBoards = (
  state: Parameters<Transitions["vcpuInit"]>[0],
  result: ReturnType<Transitions["vcpuInit"]>
): ReturnType<Transitions["vcpuInit"]> =>
  Result.map(result, ([actions, next]) => [actions, { ...next, scoreboards: state.scoreboards }])

describe("transitions against a mutable model of QEMU's plugin core", () => {
  it.prop("agree on every outcome and every observable", [Commands], ([commands]) => agree(commands), {
    arbitrary: { runs: 1500, size: 80 }
  })

  it.effect.each(Object.entries(plantedBugs))("find and shrink a planted bug: %s", ([, bug]) =>
    Effect.gen(function* () {
      const broken = { ...transitions, ...bug }
      const options = { runs: 20_000, size: 80, seed: 7 }
      const found = yield* Arbitrary.checkEffect(Arbitrary.schema(Commands), (commands) => !fails(commands, broken), options)
      if (found._tag !== "Falsified") return assert.fail(`not found: ${found._tag}`)
      const printed = JSON.stringify(found.shrunkInput)
      assert.isAtMost(found.shrunkInput.length, 7, printed)
      const replayed = yield* Schema.decodeEffect(Schema.fromJsonString(Commands))(printed)
      assert.isTrue(fails(replayed, broken), `the printed sequence fails again: ${printed}`)
      assert.isFalse(fails(replayed, transitions), printed)
    })
  )

  it("reach the interesting states", () => {
    const subject = new StateSubject()
    for (const commands of [install, install, register(0), register(1), register(0), drainAll, uninstall(0)]) {
      for (const command of commands) subject.run(command)
    }
    const labels = registrations(subject.state, 2).map((r) => Number(r.plugin))
    assert.deepStrictEqual(labels, [2, 1])
  })
})

const install: ReadonlyArray<Command> = [{ _tag: "install", outcome: "ok" }]
const register = (plugin: 0 | 1): ReadonlyArray<Command> => [{ _tag: "register", plugin, event: 2 }]
const drainAll: ReadonlyArray<Command> = [
  { _tag: "vcpuInit", vcpu: 0 },
  { _tag: "drain", vcpu: 0 }
]
const uninstall = (plugin: 0 | 1): ReadonlyArray<Command> => [{ _tag: "uninstall", plugin }]
