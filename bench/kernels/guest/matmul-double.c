/* Product of square matrices of doubles. */
#include "bench.h"
#define N 200
static double a[N][N], b[N][N], c[N][N];
u64 kernel(void)
{
  u64 sum = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (double)(next_random() >> 11) / 9007199254740992.0;
      b[i][j] = (double)(next_random() >> 11) / 9007199254740992.0;
    }
  for (int round = 0; round < 30; round++) {
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        double s = 0;
        for (int k = 0; k < N; k++) s += a[i][k] * b[k][j];
        c[i][j] = s;
      }
    a[round][round] += c[round][N - 1 - round] * 0.001;
    for (int i = 0; i < N; i++) sum = sum * 31 + bits(c[i][(i * 7 + round) % N]);
  }
  return sum;
}
