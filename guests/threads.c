/*
 * threads [N] - N threads (default 4, at most 16) count primes in slices of a range: clone, futex, atomic instructions.
 * Each thread takes the next slice from a shared counter; the first one waits for the others with futex.
 */
#include "runtime.h"

enum {
  CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_THREAD = 0x10000,
  CLONE_SYSVSEM = 0x40000, CLONE_CHILD_CLEARTID = 0x200000, FUTEX_WAIT = 0, STACK = 1 << 14, LIMIT = 40000, SLICE = 500
};

static u64 next_slice, found;
static u32 alive[16];

static int is_prime(u64 n)
{
  if (n < 2)
    return 0;
  for (u64 d = 2; d * d <= n; d++)
    if (n % d == 0)
      return 0;
  return 1;
}

static __attribute__((used)) void work(void)
{
  for (;;) {
    u64 from = __atomic_fetch_add(&next_slice, SLICE, __ATOMIC_RELAXED);
    u64 count = 0;
    if (from >= LIMIT)
      return;
    for (u64 n = from; n < from + SLICE; n++)
      count += (u64)is_prime(n);
    __atomic_fetch_add(&found, count, __ATOMIC_RELEASE);
  }
}

/* starts a thread that runs work() and exits; the kernel clears *tid and wakes its futex when it is gone */
static i64 spawn(u8 *stack_top, u32 *tid)
{
  register i64 a7 __asm__("a7") = SYS_clone;
  register i64 a0 __asm__("a0") =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
  register u8 *a1 __asm__("a1") = stack_top;
  register i64 a2 __asm__("a2") = 0;
  register i64 a3 __asm__("a3") = 0;
  register u32 *a4 __asm__("a4") = tid;
  __asm__ volatile("ecall\n\t"
                   "bnez a0, 1f\n\t"
                   "call work\n\t"
                   "li a0, 0\n\t"
                   "li a7, 93\n\t"
                   "ecall\n"
                   "1:"
                   : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "ra", "memory");
  return a0;
}

static u8 stacks[16][STACK] __attribute__((aligned(16)));

static int main(int argc, char **argv)
{
  i64 n = number(argc > 1 ? argv[1] : 0, 4);
  if (n < 1 || n > 16) {
    put("threads: N is 1 to 16\n");
    return 2;
  }
  for (i64 i = 0; i < n; i++) {
    alive[i] = 1;
    if (spawn(stacks[i] + STACK, &alive[i]) < 0) {
      put("threads: clone failed\n");
      return 1;
    }
  }
  for (i64 i = 0; i < n; i++)
    while (__atomic_load_n(&alive[i], __ATOMIC_ACQUIRE))
      syscall6(SYS_futex, (i64)&alive[i], FUTEX_WAIT, 1, 0, 0, 0);
  put_number((i64)__atomic_load_n(&found, __ATOMIC_ACQUIRE));
  put(" primes below ");
  put_number(LIMIT);
  put(", counted by ");
  put_number(n);
  put(" threads\n");
  return 0;
}
