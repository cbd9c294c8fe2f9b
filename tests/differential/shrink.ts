/** Makes a program on which the engines differ as small as it gets while they still do. */
import { kindCount } from "./instrument.ts"
import type { Body, Item, Part, Program } from "./program/Program.ts"

/** A list without each of its halves, quarters, and so on down to single elements. */
const shorter = function* <A>(list: ReadonlyArray<A>): Generator<ReadonlyArray<A>> {
  for (let size = list.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < list.length; at += size) yield [...list.slice(0, at), ...list.slice(at + size)]
  }
}

const smallerBodies = function* (body: Body): Generator<Body> {
  yield* shorter(body)
  for (const [i, item] of body.entries()) {
    for (const replacement of smallerItems(item)) yield [...body.slice(0, i), ...replacement, ...body.slice(i + 1)]
  }
}

/** What an item can be replaced by. */
const smallerItems = function* (item: Item): Generator<Body> {
  switch (item.kind) {
    case "words":
      for (const words of shorter(item.words)) if (words.length > 0) yield [{ ...item, words }]
      return
    case "if":
      yield item.taken
      yield item.otherwise
      for (const taken of smallerBodies(item.taken)) yield [{ ...item, taken }]
      for (const otherwise of smallerBodies(item.otherwise)) yield [{ ...item, otherwise }]
      return
    case "loop":
      yield item.body
      if (item.entrance !== undefined) yield [{ ...item, entrance: undefined }]
      if (item.top) yield [{ ...item, top: false }]
      for (const trips of [1, 2, 3, 4, 6, 8, 16, 32]) if (trips < item.trips) yield [{ ...item, trips }]
      for (const body of smallerBodies(item.body)) yield [{ ...item, body }]
      return
    case "tangle":
      for (const { body } of item.parts) yield body
      for (const trips of [1, 2, 4, 8, 16, 32]) if (trips < item.trips) yield [{ ...item, trips }]
      if (item.parts.length > 1) for (const i of item.parts.keys()) yield [without(item, i)]
      for (const [i, part] of item.parts.entries()) {
        const changed = (change: Partial<Part>): Body => [{ ...item, parts: item.parts.with(i, { ...part, ...change }) }]
        for (const body of smallerBodies(part.body)) yield changed({ body })
        if (part.after !== "on") yield changed({ after: "on" })
        if (typeof part.after === "object") yield changed({ after: 0 })
      }
      return
    case "switch":
      for (const body of item.cases) yield body
      for (const [i, body] of item.cases.entries()) {
        for (const smaller of smallerBodies(body)) {
          yield [{ ...item, cases: [...item.cases.slice(0, i), smaller, ...item.cases.slice(i + 1)] }]
        }
      }
      return
    case "recurse":
      for (const depth of [1, 2, 4, 16, 64, 256, 1000]) if (depth < item.depth) yield [{ ...item, depth }]
      for (const body of smallerBodies(item.body)) yield [{ ...item, body }]
      return
    default:
  }
}

/** A tangle without one of its parts; what led there leads to the part that takes its place. */
const without = (tangle: Extract<Item, { kind: "tangle" }>, gone: number): Item => {
  const moved = (part: number) => Math.min(part > gone ? part - 1 : part, tangle.parts.length - 2)
  const parts = tangle.parts.toSpliced(gone, 1).map((part) => ({
    ...part,
    to: moved(part.to),
    after: typeof part.after === "number" ? moved(part.after) : part.after
  }))
  return { ...tangle, start: moved(tangle.start), parts }
}

const smallerPrograms = function* (program: Program): Generator<Program> {
  const { disturb, functions, hotThreshold, plugins } = program
  if (plugins !== undefined) {
    yield { ...program, plugins: undefined }
    if (plugins.blocks) yield { ...program, plugins: { ...plugins, blocks: false } }
    for (let kind = 0; kind < kindCount; kind++) {
      const kinds = plugins.kinds & ~(1 << kind)
      if (kinds !== plugins.kinds) yield { ...program, plugins: { ...plugins, kinds } }
    }
  }
  if (disturb) yield { ...program, disturb: false }
  if (program.budget < 1e6) yield { ...program, budget: 1e6 }
  if (hotThreshold > 1) yield { ...program, hotThreshold: 1 }
  if (program.offset !== 0) yield { ...program, offset: 0 }
  for (const [i, body] of functions.entries()) {
    for (const smaller of smallerBodies(body)) {
      yield { ...program, functions: [...functions.slice(0, i), smaller, ...functions.slice(i + 1)] }
    }
  }
}

/**
 * The smallest program found on which `fails` still holds.
 *
 * @param milliseconds when to be content with what was reached
 */
export const shrink = (program: Program, fails: (program: Program) => boolean, milliseconds: number): Program => {
  const end = performance.now() + milliseconds
  let best = program
  // How many candidates of the list to pass over: those before the last success failed to fail a moment ago.
  for (let from = 0; ;) {
    let at = 0
    const before = best
    for (const candidate of smallerPrograms(before)) {
      if (at++ < from) continue
      if (performance.now() > end) return best
      if (fails(candidate)) {
        best = candidate
        break
      }
    }
    if (best === before && from === 0) return best
    from = best === before ? 0 : at - 1
  }
}
