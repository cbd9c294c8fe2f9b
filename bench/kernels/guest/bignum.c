/* Products of long integers, 64-bit limbs: multiply-high and carries. */
#include "bench.h"
#define N 128
typedef unsigned __int128 u128;
static u64 x[N], y[N], z[2 * N];
u64 kernel(void)
{
  u64 sum = 0;
  for (int i = 0; i < N; i++) x[i] = next_random(), y[i] = next_random();
  for (int round = 0; round < 43000; round++) {
    for (int i = 0; i < 2 * N; i++) z[i] = 0;
    for (int i = 0; i < N; i++) {
      u64 carry = 0;
      for (int j = 0; j < N; j++) {
        u128 t = (u128)x[i] * y[j] + z[i + j] + carry;
        z[i + j] = (u64)t;
        carry = (u64)(t >> 64);
      }
      z[i + N] = carry;
    }
    x[round % N] = z[N] | 1;
    sum = sum * 31 + z[N - 1];
  }
  return sum;
}
