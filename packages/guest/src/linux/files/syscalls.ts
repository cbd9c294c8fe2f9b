/** All system calls on files. */
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import type { Syscall } from "../kernel/Syscall.ts"
import { attributeSyscalls } from "./rows/attributes.ts"
import { controlSyscalls } from "./rows/control.ts"
import { copySyscalls } from "./rows/copy.ts"
import { createSyscalls } from "./rows/create.ts"
import { directorySyscalls } from "./rows/directories.ts"
import { inotifySyscalls } from "./rows/inotify.ts"
import { ioctlSyscalls } from "./rows/ioctl.ts"
import { openCloseSyscalls } from "./rows/openClose.ts"
import { pollingSyscalls } from "./rows/polling.ts"
import { readWriteSyscalls } from "./rows/readWrite.ts"
import { signalFileSyscalls } from "./rows/signals.ts"
import { spliceSyscalls } from "./rows/splice.ts"
import { statusSyscalls } from "./rows/status.ts"

/** Calls that programs try and do without: ENOSYS, with no warning. */
const absent = [row(425, "io_uring_setup", ["uint", "pointer"], () => -Errno.ENOSYS, "ENOSYS")]

export const fileSyscalls: ReadonlyArray<Syscall<Kernel>> = [
  ...attributeSyscalls,
  ...controlSyscalls,
  ...copySyscalls,
  ...createSyscalls,
  ...directorySyscalls,
  ...inotifySyscalls,
  ...ioctlSyscalls,
  ...openCloseSyscalls,
  ...pollingSyscalls,
  ...readWriteSyscalls,
  ...signalFileSyscalls,
  ...spliceSyscalls,
  ...statusSyscalls,
  ...absent
]
