/*
 * processes [N] - N processes (default 4, at most 16) count primes, each in its part of a range: clone, pipe2, wait4, execve.
 * Each child sends its count through a pipe and says by its exit status which one it was. The first process adds up, waits for all,
 * and executes the program again to print the sum.
 */
#include "runtime.h"

enum { SYS_pipe2 = 59, SYS_execve = 221, SYS_wait4 = 260, SIGCHLD = 17, LIMIT = 40000 };

static int is_prime(u64 n)
{
  if (n < 2)
    return 0;
  for (u64 d = 2; d * d <= n; d++)
    if (n % d == 0)
      return 0;
  return 1;
}

static u64 count_primes(u64 from, u64 to)
{
  u64 count = 0;
  for (u64 n = from; n < to; n++)
    count += (u64)is_prime(n);
  return count;
}

static i64 fork(void)
{
  return syscall6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
}

/* writes a number into a buffer that is large enough */
static void format(char *to, u64 value)
{
  char digits[20];
  u32 n = 0;
  do
    digits[n++] = (char)('0' + value % 10);
  while (value /= 10);
  while (n)
    *to++ = digits[--n];
  *to = 0;
}

static int fail(const char *what, i64 error)
{
  put(what);
  put(" failed with ");
  put_number(error);
  put("\n");
  return 1;
}

static int main(int argc, char **argv)
{
  i64 n = number(argv[1], 4);
  if (n < 1 || n > 16)
    n = 16;
  if (argc == 3) {
    put(argv[2]);
    put(" primes below 40000, counted by ");
    put_number(n);
    put(" processes\n");
    return 0;
  }
  int ends[2];
  i64 error = syscall3(SYS_pipe2, ends, 0, 0);
  if (error < 0)
    return fail("pipe2", error);
  for (i64 i = 0; i < n; i++) {
    i64 pid = fork();
    if (pid < 0)
      return fail("clone", pid);
    if (pid == 0) {
      u64 count = count_primes(LIMIT * (u64)i / (u64)n, LIMIT * (u64)(i + 1) / (u64)n);
      syscall3(SYS_write, ends[1], &count, sizeof count);
      return (int)i;
    }
  }
  syscall1(SYS_close, ends[1]);
  u64 sum = 0, count;
  while (syscall3(SYS_read, ends[0], &count, sizeof count) == sizeof count)
    sum += count;
  u64 seen = 0;
  int status;
  while (syscall6(SYS_wait4, -1, (i64)&status, 0, 0, 0, 0) > 0)
    seen |= 1ul << (status >> 8);
  if (seen != (1ul << n) - 1)
    return fail("wait4", (i64)seen);

  char processes[21], primes[21];
  format(processes, (u64)n);
  format(primes, sum);
  char *arguments[] = {argv[0], processes, primes, 0};
  return fail("execve", syscall3(SYS_execve, "/proc/self/exe", arguments, 0));
}
