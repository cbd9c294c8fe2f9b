/* Fibonacci and Ackermann by plain recursion: calls, returns, the stack. */
#include "bench.h"
static NOINLINE u64 fibonacci(u64 n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
static NOINLINE u64 ackermann(u64 m, u64 n)
{
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}
u64 kernel(void)
{
  u64 sum = 0;
  for (int i = 0; i < 11; i++) sum = sum * 3 + fibonacci(34 + (i & 1));
  for (int i = 0; i < 12; i++) sum = sum * 3 + ackermann(2, 600 + i);
  return sum;
}
