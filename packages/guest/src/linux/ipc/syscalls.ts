/** Rows of the system calls of System V IPC. */
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import type { Syscall } from "../kernel/Syscall.ts"
import { msgctl, msgget, msgrcv, msgsnd } from "./messageCalls.ts"
import { semctl, semget, semtimedop } from "./semaphoreCalls.ts"
import { shmat, shmctl, shmdt, shmget } from "./sharedMemoryCalls.ts"

const lists = "EINVAL for lists of all objects (IPC_INFO and *_STAT by index)"

export const ipcSyscalls: ReadonlyArray<Syscall<Kernel>> = [
  row(186, "msgget", ["int", "flags"], msgget),
  row(187, "msgctl", ["int", "int", "pointer"], msgctl, lists),
  row(188, "msgrcv", ["int", "pointer", "size", "long", "flags"], msgrcv),
  row(189, "msgsnd", ["int", "pointer", "size", "flags"], msgsnd),
  row(190, "semget", ["int", "int", "flags"], semget),
  row(191, "semctl", ["int", "int", "int", "long"], semctl, lists),
  row(192, "semtimedop", ["int", "pointer", "uint", "pointer"], semtimedop),
  row(193, "semop", ["int", "pointer", "uint"], (kernel, id, at, count) => semtimedop(kernel, id, at, count, 0)),
  row(194, "shmget", ["int", "size", "flags"], shmget, "huge pages give ENOMEM"),
  row(195, "shmctl", ["int", "int", "pointer"], shmctl, lists),
  row(196, "shmat", ["int", "pointer", "flags"], shmat),
  row(197, "shmdt", ["pointer"], shmdt)
]
