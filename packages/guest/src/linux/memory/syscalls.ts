/** Rows of the system calls on memory. */
import type { Kernel } from "../Kernel.ts"
import { type Syscall, syscall } from "../Syscall.ts"
import { madvise, mincore, mlock, mprotect, msync } from "./advice.ts"
import { brk } from "./brk.ts"
import { mmap, mremap, munmap } from "./mmap.ts"

export const memorySyscalls: ReadonlyArray<Syscall<Kernel>> = [
  syscall(214, "brk", ["pointer"], (kernel: Kernel, address) => brk(kernel.memory, address)),
  syscall(215, "munmap", ["pointer", "size"], munmap),
  syscall(216, "mremap", ["pointer", "size", "size", "flags", "pointer"], mremap),
  syscall(222, "mmap", ["pointer", "size", "flags", "flags", "fd", "offset"], mmap),
  syscall(226, "mprotect", ["pointer", "size", "flags"], mprotect),
  syscall(227, "msync", ["pointer", "size", "flags"], msync),
  syscall(228, "mlock", ["pointer", "size"], mlock),
  syscall(229, "munlock", ["pointer", "size"], mlock),
  syscall(230, "mlockall", ["flags"], () => 0),
  syscall(231, "munlockall", [], () => 0),
  syscall(232, "mincore", ["pointer", "size", "pointer"], mincore),
  syscall(233, "madvise", ["pointer", "size", "int"], madvise),
  syscall(284, "mlock2", ["pointer", "size", "flags"], mlock)
]
