/** PROT_* of mmap and mprotect. */
export const Prot = { none: 0, read: 1, write: 2, exec: 4 } as const
