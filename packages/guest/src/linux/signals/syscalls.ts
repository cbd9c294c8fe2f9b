/** Rows of the system calls on signals. */
import type { Kernel } from "../Kernel.ts"
import { internalResult, type Syscall, syscall } from "../Syscall.ts"
import { sigaltstack } from "./altStack.ts"
import { returnFromHandler } from "./deliver.ts"
import { kill, queueInfo, queueInfoToThread, tgkill, tkill } from "./kill.ts"
import { sigaction, sigpending, sigprocmask } from "./mask.ts"
import { getitimer, setitimer } from "./itimer.ts"
import { timerCreate, timerDelete, timerGetOverrun, timerGetTime, timerSetTime } from "./posixTimer.ts"
import { sigsuspend, sigtimedwait } from "./wait.ts"

export const signalSyscalls: ReadonlyArray<Syscall<Kernel>> = [
  syscall(102, "getitimer", ["int", "pointer"], getitimer),
  syscall(103, "setitimer", ["int", "pointer", "pointer"], setitimer),
  syscall(107, "timer_create", ["int", "pointer", "pointer"], timerCreate),
  syscall(108, "timer_gettime", ["int", "pointer"], timerGetTime),
  syscall(109, "timer_getoverrun", ["int"], timerGetOverrun),
  syscall(110, "timer_settime", ["int", "flags", "pointer", "pointer"], timerSetTime),
  syscall(111, "timer_delete", ["int"], timerDelete),
  syscall(129, "kill", ["int", "signal"], kill),
  syscall(130, "tkill", ["int", "signal"], tkill),
  syscall(131, "tgkill", ["int", "int", "signal"], tgkill),
  syscall(132, "sigaltstack", ["pointer", "pointer"], sigaltstack),
  syscall(133, "rt_sigsuspend", ["pointer", "size"], sigsuspend),
  syscall(134, "rt_sigaction", ["signal", "pointer", "pointer", "size"], sigaction),
  syscall(135, "rt_sigprocmask", ["int", "pointer", "pointer", "size"], sigprocmask),
  syscall(136, "rt_sigpending", ["pointer", "size"], sigpending),
  syscall(137, "rt_sigtimedwait", ["pointer", "pointer", "pointer", "size"], sigtimedwait),
  syscall(138, "rt_sigqueueinfo", ["int", "signal", "pointer"], queueInfo),
  syscall(139, "rt_sigreturn", [], (kernel: Kernel) => {
    returnFromHandler(kernel, kernel.thread)
    return internalResult.sigreturn
  }),
  syscall(240, "rt_tgsigqueueinfo", ["int", "int", "signal", "pointer"], queueInfoToThread)
]
