/* The spectral norm of an infinite matrix, from its first rows: divisions and products of doubles. */
#include "bench.h"
#define N 400
static double u[N], v[N], t[N];
static inline double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }
static NOINLINE void times(const double *x, double *y)
{
  for (int i = 0; i < N; i++) {
    double s = 0;
    for (int j = 0; j < N; j++) s += element(i, j) * x[j];
    y[i] = s;
  }
}
static NOINLINE void transposed(const double *x, double *y)
{
  for (int i = 0; i < N; i++) {
    double s = 0;
    for (int j = 0; j < N; j++) s += element(j, i) * x[j];
    y[i] = s;
  }
}
u64 kernel(void)
{
  for (int i = 0; i < N; i++) u[i] = 1;
  for (int round = 0; round < 200; round++) {
    times(u, t);
    transposed(t, v);
    times(v, t);
    transposed(t, u);
  }
  double uv = 0, vv = 0;
  for (int i = 0; i < N; i++) uv += u[i] * v[i], vv += v[i] * v[i];
  return bits(__builtin_sqrt(uv / vv));
}
