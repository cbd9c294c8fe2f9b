/** The control protocol as JSON Schema (draft 2020-12). Apart from `Protocol.ts`, as what makes it is a large part of Effect. */
import * as Schema from "effect/Schema"
import { Request, Response } from "./Protocol.ts"

/** One document: a line on the socket is either of the two. */
export const protocolSchema = (): object => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(
    Schema.Union([Request.annotate({ identifier: "Request" }), Response.annotate({ identifier: "Response" })])
  )
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "lines on the socket of emu run --control",
    ...schema,
    $defs: definitions
  }
}
