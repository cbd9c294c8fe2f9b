/** Several engines as one code cache: a flush of one is a flush of all, told once. */
import { assert, describe, it } from "@effect/vitest"
import type { CpuState } from "@emu/tcg/CpuState"
import * as EngineGroup from "@emu/tcg/engine/EngineGroup"
import type { EngineServices } from "@emu/tcg/engine/tiered/TieredEngine"

/** An engine that notes what it is told, and drops code when it stops, if it runs. */
const makeFake = (name: string, log: Array<string>) => {
  let listener = () => {}
  const fake = {
    isRunning: false,
    isWanted: false,
    drop: () => {
      log.push(`${name} drops`)
      listener()
    },
    stop: () => {
      fake.isRunning = false
      if (fake.isWanted) fake.drop()
    }
  }
  const flush = () => {
    if (fake.isRunning) fake.isWanted = true
    else fake.drop()
  }
  const services = {
    engine: { flush },
    codeCache: {
      flush,
      setFlushListener: (next: () => void) => (listener = next),
      setCallbackScope: () => log.push(`${name} scope`)
    }
  } as unknown as EngineServices
  return { fake, services }
}

const make = (count: number) => {
  const log: Array<string> = []
  const fakes = Array.from({ length: count }, (_, i) => makeFake(`${i}`, log))
  let next = 0
  const group = EngineGroup.make(() => fakes[next++]!.services, {} as CpuState)
  group.codeCache.setFlushListener(() => log.push("told"))
  for (let i = 1; i < count; i++) group.engines.make({} as CpuState)
  return { group, fakes: fakes.map(({ fake }) => fake), log }
}

describe("a group of engines", () => {
  it.each([1, 3])("is flushed as one (%i)", (count) => {
    const { group, log } = make(count)
    group.codeCache.flush()
    assert.deepStrictEqual(log, [...Array.from({ length: count }, (_, i) => `${i} drops`), "told"])
  })

  it("tells when the one that runs has dropped its code, too, however often it was asked", () => {
    const { fakes, group, log } = make(2)
    fakes[0]!.isRunning = true
    group.codeCache.flush()
    group.codeCache.flush()
    assert.deepStrictEqual(log, ["1 drops"])
    fakes[0]!.stop()
    assert.deepStrictEqual(log, ["1 drops", "0 drops", "told"])
  })

  it("follows an engine that drops its code by itself", () => {
    const { fakes, log } = make(3)
    fakes[1]!.drop()
    assert.deepStrictEqual(log, ["1 drops", "0 drops", "2 drops", "told"])
  })

  it("does not follow where a memory gets another program", () => {
    const { group, log } = make(2)
    group.engines.reset(group.engine)
    assert.deepStrictEqual(log, ["0 drops"])
  })

  it("tells an engine that comes later what the others were told", () => {
    const log: Array<string> = []
    const names = ["a", "b"]
    const group = EngineGroup.make(() => makeFake(names.shift()!, log).services, {} as CpuState)
    group.codeCache.setCallbackScope({ vcpu: -1, flags: 0, pc: 0n })
    group.engines.make({} as CpuState)
    assert.deepStrictEqual(log, ["a scope", "b scope"])
  })
})
