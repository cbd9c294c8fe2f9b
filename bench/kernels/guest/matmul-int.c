/* Product of square matrices of 64-bit integers. */
#include "bench.h"
#define N 200
static i64 a[N][N], b[N][N], c[N][N];
u64 kernel(void)
{
  u64 sum = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (i64)(next_random() >> 40);
      b[i][j] = (i64)(next_random() >> 40);
    }
  for (int round = 0; round < 150; round++) {
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        i64 s = 0;
        for (int k = 0; k < N; k++) s += a[i][k] * b[k][j];
        c[i][j] = s;
      }
    a[round][round] += c[round][N - 1 - round];
    for (int i = 0; i < N; i++) sum = sum * 31 + (u64)c[i][(i * 7 + round) % N];
  }
  return sum;
}
