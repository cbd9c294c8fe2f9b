/** Rows of the system calls on signals. */
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import { internalResult, type Syscall } from "../kernel/Syscall.ts"
import { sigaltstack } from "./altStack.ts"
import { returnFromHandler } from "./deliver.ts"
import { kill, queueInfo, queueInfoToThread, tgkill, tkill } from "./kill.ts"
import { sigaction, sigpending, sigprocmask } from "./mask.ts"
import { getitimer, setitimer } from "./itimer.ts"
import { timerCreate, timerDelete, timerGetOverrun, timerGetTime, timerSetTime } from "./timerCalls.ts"
import { sigsuspend, sigtimedwait } from "./wait.ts"

export const signalSyscalls: ReadonlyArray<Syscall<Kernel>> = [
  row(102, "getitimer", ["int", "pointer"], getitimer),
  row(103, "setitimer", ["int", "pointer", "pointer"], setitimer),
  row(107, "timer_create", ["int", "pointer", "pointer"], timerCreate),
  row(108, "timer_gettime", ["int", "pointer"], timerGetTime),
  row(109, "timer_getoverrun", ["int"], timerGetOverrun),
  row(110, "timer_settime", ["int", "flags", "pointer", "pointer"], timerSetTime),
  row(111, "timer_delete", ["int"], timerDelete),
  row(129, "kill", ["int", "signal"], kill, "processes of this run only"),
  row(130, "tkill", ["int", "signal"], tkill),
  row(131, "tgkill", ["int", "int", "signal"], tgkill),
  row(132, "sigaltstack", ["pointer", "pointer"], sigaltstack),
  row(133, "rt_sigsuspend", ["pointer", "size"], sigsuspend),
  row(134, "rt_sigaction", ["signal", "pointer", "pointer", "size"], sigaction),
  row(135, "rt_sigprocmask", ["int", "pointer", "pointer", "size"], sigprocmask),
  row(136, "rt_sigpending", ["pointer", "size"], sigpending),
  row(137, "rt_sigtimedwait", ["pointer", "pointer", "pointer", "size"], sigtimedwait),
  row(138, "rt_sigqueueinfo", ["int", "signal", "pointer"], queueInfo),
  row(139, "rt_sigreturn", [], (kernel) => {
    returnFromHandler(kernel, kernel.thread)
    return internalResult.sigreturn
  }),
  row(240, "rt_tgsigqueueinfo", ["int", "int", "signal", "pointer"], queueInfoToThread)
]
