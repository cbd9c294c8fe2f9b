/** The pipes of a guest as Streams. Loaded only where there are pipes: Streams are a large part of Effect. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { RunOptions } from "../RunOptions.ts"
import { InputPipe, type OutputPipe } from "./Pipe.ts"

const encoder = new TextEncoder()

/** A pipe with what the guest reads, and what has to run beside the guest so that it can. */
export const inputOf = (
  stdin: Exclude<RunOptions["stdin"], "inherit">
): { readonly pipe: InputPipe; readonly feed: Effect.Effect<void> } => {
  if (stdin === undefined || stdin instanceof Uint8Array) {
    const pipe = new InputPipe(stdin)
    pipe.end()
    return { pipe, feed: Effect.void }
  }
  const pipe = new InputPipe()
  const put = (chunk: string | Uint8Array) => pipe.put(typeof chunk === "string" ? encoder.encode(chunk) : chunk)
  return {
    pipe,
    feed: Effect.ensuring(
      Stream.runForEach(stdin, put),
      Effect.sync(() => pipe.end())
    )
  }
}

/** What the guest writes, chunk by chunk, until it ends. */
export const streamOf = (pipe: OutputPipe): Stream.Stream<Uint8Array<ArrayBuffer>> =>
  Stream.fromEffectRepeat(
    Effect.flatMap(pipe.take, (chunks) => (chunks.length === 0 ? Cause.done() : Effect.succeed(chunks)))
  ).pipe(Stream.flattenIterable)
