/** Rows of the system calls on memory. */
import { Errno } from "../kernel/errno.ts"
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import type { Syscall } from "../kernel/Syscall.ts"
import { madvise, mincore, mlock, mprotect, msync } from "./advice.ts"
import { brk } from "./brk.ts"
import { mmap, mremap, munmap } from "./mmap.ts"

/** MLOCK_ONFAULT, the only flag of mlock2. */
const mlockOnFault = 1
/** MCL_ONFAULT, which means nothing without MCL_CURRENT (1) or MCL_FUTURE (2). */
const mclOnFault = 4
const mlockallFlags = 7

export const memorySyscalls: ReadonlyArray<Syscall<Kernel>> = [
  row(214, "brk", ["pointer"], (kernel, address) => brk(kernel.memory, address)),
  row(215, "munmap", ["pointer", "size"], munmap),
  row(216, "mremap", ["pointer", "size", "size", "flags", "pointer"], mremap),
  row(
    222,
    "mmap",
    ["pointer", "size", "flags", "flags", "fd", "offset"],
    (kernel, address, length, prot, flags, fd, offset) => mmap(kernel, address, length, prot, flags, fd, Number(offset))
  ),
  row(226, "mprotect", ["pointer", "size", "flags"], mprotect),
  row(227, "msync", ["pointer", "size", "flags"], msync),
  row(228, "mlock", ["pointer", "size"], mlock),
  row(229, "munlock", ["pointer", "size"], mlock),
  row(
    230,
    "mlockall",
    ["flags"],
    (_, flags) => (flags === 0 || (flags & ~mlockallFlags) !== 0 || flags === mclOnFault ? -Errno.EINVAL : 0),
    "memory is never swapped by emu"
  ),
  row(231, "munlockall", [], () => 0),
  row(232, "mincore", ["pointer", "size", "pointer"], mincore),
  row(233, "madvise", ["pointer", "size", "int"], madvise),
  row(284, "mlock2", ["pointer", "size", "flags"], (kernel, address, length, flags) =>
    (flags & ~mlockOnFault) !== 0 ? -Errno.EINVAL : mlock(kernel, address, length)
  )
]
