/** System calls that read clocks and wait for them. */
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import type { Syscall } from "../kernel/Syscall.ts"
import { clockGetres, clockGettime, clockSettime, gettimeofday, settimeofday } from "./clocks.ts"
import { clockNanosleep, nanosleep } from "./sleep.ts"
import { getrusage, times } from "./usage.ts"

export const timeSyscalls: ReadonlyArray<Syscall<Kernel>> = [
  row(101, "nanosleep", ["pointer", "pointer"], nanosleep),
  row(112, "clock_settime", ["int", "pointer"], clockSettime, "EPERM: the clock is the host's"),
  row(113, "clock_gettime", ["int", "pointer"], clockGettime),
  row(114, "clock_getres", ["int", "pointer"], clockGetres),
  row(115, "clock_nanosleep", ["int", "flags", "pointer", "pointer"], clockNanosleep),
  row(153, "times", ["pointer"], times),
  row(165, "getrusage", ["int", "pointer"], getrusage, "times, and the largest resident size of the whole run"),
  row(169, "gettimeofday", ["pointer", "pointer"], gettimeofday),
  row(170, "settimeofday", ["pointer", "pointer"], settimeofday, "EPERM: the clock is the host's"),
  row(171, "adjtimex", ["pointer"], settimeofday, "EPERM: the clock is the host's"),
  row(266, "clock_adjtime", ["int", "pointer"], clockSettime, "EPERM: the clock is the host's")
]
