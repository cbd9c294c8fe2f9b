/* mandelbrot [ROWS] - draws the Mandelbrot set in characters (default 24 rows): double arithmetic with fused multiply-add. */
#include "runtime.h"

enum { ITERATIONS = 200 };

static __attribute__((noinline)) int iterate(double re, double im)
{
  double x = 0, y = 0;
  for (int n = 0; n < ITERATIONS; n++) {
    double xx = x * x, yy = y * y;
    if (xx + yy > 4)
      return n;
    y = 2 * x * y + im;
    x = xx - yy + re;
  }
  return ITERATIONS;
}

static int main(int argc, char **argv)
{
  static const char shade[] = " .,:;i1tfLCG08@#";
  i64 rows = number(argc > 1 ? argv[1] : 0, 24);
  i64 columns = rows * 3;
  for (i64 row = 0; row < rows; row++) {
    for (i64 column = 0; column < columns; column++) {
      int n = iterate(-2.2 + 3.0 * (double)column / (double)columns, -1.2 + 2.4 * (double)row / (double)rows);
      put_char(n == ITERATIONS ? '#' : shade[n % 15]);
    }
    put_char('\n');
  }
  return 0;
}
