/* The Mandelbrot set: a loop of doubles with a data-dependent end. */
#include "bench.h"
#define N 930
u64 kernel(void)
{
  u64 sum = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      double cx = 3.0 * j / N - 2.1, cy = 2.4 * i / N - 1.2, x = 0, y = 0;
      int n = 0;
      while (n < 300) {
        double xx = x * x, yy = y * y;
        if (xx + yy > 4) break;
        y = 2 * x * y + cy;
        x = xx - yy + cx;
        n++;
      }
      sum = sum * 31 + (u64)n;
    }
  return sum;
}
