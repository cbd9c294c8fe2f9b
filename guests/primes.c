/* primes [N] - counts the primes below N (default 100000) with a sieve: tight loops over bytes. */
#include "runtime.h"

enum { LIMIT = 1 << 20 };
static u8 composite[LIMIT];

static __attribute__((noinline)) u64 strike_out(u64 prime, u64 limit)
{
  u64 struck = 0;
  for (u64 i = prime * prime; i < limit; i += prime) {
    struck += !composite[i];
    composite[i] = 1;
  }
  return struck;
}

static int main(int argc, char **argv)
{
  u64 limit = (u64)number(argc > 1 ? argv[1] : 0, 100000);
  if (limit > LIMIT) {
    put("primes: N is at most 1048576\n");
    return 2;
  }
  u64 count = 0, last = 0;
  for (u64 n = 2; n < limit; n++) {
    if (composite[n])
      continue;
    count++;
    last = n;
    strike_out(n, limit);
  }
  put_number((i64)count);
  put(" primes below ");
  put_number((i64)limit);
  if (count) {
    put(", the last is ");
    put_number((i64)last);
  }
  put_char('\n');
  return 0;
}
