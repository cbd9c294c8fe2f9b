/** The kept code of the program that a machine runs: taken in when it begins, kept when it ends or all code is dropped. */
import type { CacheKey, TranslationCacheShape } from "../../TranslationCache.ts"
import type { CodeKeeper } from "../interpreter/CodeKeeper.ts"
import type { Machine } from "../interpreter/Machine.ts"
import { codeVersion } from "./codeVersion.ts"
import { collectCode, newBlocks } from "./collectCode.ts"
import { StoredCode } from "./StoredCode.ts"
import { open } from "./StoredFormat.ts"
import type { GuestProgram } from "../../Engine.ts"

/** New blocks that are worth writing the file for: so many, and so many of those that are there. */
const fewBlocks = 32
const fewShare = 0.01

export class ProgramCache implements CodeKeeper {
  private readonly cache: TranslationCacheShape
  private readonly machine: Machine
  private readonly options: string
  private stored: StoredCode | undefined
  private program: GuestProgram | undefined

  /** @param options what the code depends on beside the program */
  constructor(machine: Machine, cache: TranslationCacheShape, options: string) {
    this.machine = machine
    this.cache = cache
    this.options = options
  }

  private get key(): CacheKey | undefined {
    return this.program && { program: this.program.path, variant: `${codeVersion} ${this.options}` }
  }

  /** A program begins in the machine, which has no code. */
  start(program: GuestProgram): void {
    this.program = program
  }

  /** The program has ended: its memory is as it was. */
  end(): void {
    this.beforeFlush()
    this.program = undefined
  }

  /** Puts what was kept into the machine before its first block. */
  beforeBlock(): void {
    const { key, machine } = this
    if (key === undefined || machine.codeLength > 0) return
    const bytes = this.cache.read(key)
    if (bytes === undefined) return
    const sections = open(bytes)
    this.stored = sections && StoredCode.install(machine, sections)
    machine.kept = this.stored
    if (this.stored === undefined) this.cache.reject(key)
  }

  /** Keeps what was translated, unless that is hardly anything new. */
  beforeFlush(): void {
    const { key, machine, program, stored } = this
    this.stored = undefined
    if (key === undefined || program === undefined) return
    const known = stored?.blocks.length ?? 0
    if (machine.byEntry.length < fewBlocks + known * fewShare) return
    const added = newBlocks(machine, program.isFromFile)
    if (added.length < fewBlocks + known * fewShare) return
    // Another process may have kept what this one did without.
    const now = this.cache.read(key)
    const others = now && open(now)
    const isOurs = others?.stamp === stored?.sections.stamp
    const bytes = collectCode(machine, stored, added, isOurs ? undefined : others)
    if (bytes !== undefined) this.cache.write(key, bytes)
  }
}
