/* Sieve of Eratosthenes over bytes, several rounds. */
#include "bench.h"
#define N 2000000
static u8 composite[N];
u64 kernel(void)
{
  u64 sum = 0;
  for (int round = 0; round < 170; round++) {
    for (int i = 0; i < N; i++) composite[i] = 0;
    for (int i = 2; i * i < N; i++)
      if (!composite[i])
        for (int j = i * i; j < N; j += i) composite[j] = 1;
    for (int i = 2; i < N; i++) sum += !composite[i] * (u64)(i ^ round);
  }
  return sum;
}
