/* Fast Fourier transform, radix 2, of doubles; roots of unity by half-angle formulas. */
#include "bench.h"
#define LOG 14
#define N (1 << LOG)
static double re[N], im[N], cosine[N / 2], sine[N / 2];
static void roots(void)
{
  double c = -1, s = 0;
  cosine[0] = 1;
  sine[0] = 0;
  for (int half = N / 2; half >= 1; half >>= 1) {
    /* c + i s is the root number `half`, with the angle 2 pi half / N: half that of the round before */
    if (half < N / 2) {
      double c2 = c;
      c = __builtin_sqrt((1 + c2) / 2);
      s = half == N / 4 ? 1 : s / (2 * c);
      if (half == N / 4) c = 0;
      for (int i = 0; i < N / 2; i += 2 * half) {
        cosine[i + half] = cosine[i] * c - sine[i] * s;
        sine[i + half] = sine[i] * c + cosine[i] * s;
      }
    }
  }
}
static NOINLINE void transform(void)
{
  for (int i = 1, j = 0; i < N; i++) {
    int bit = N >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      double x = re[i], y = im[i];
      re[i] = re[j], im[i] = im[j];
      re[j] = x, im[j] = y;
    }
  }
  for (int size = 1; size < N; size <<= 1)
    for (int i = 0; i < N; i += 2 * size)
      for (int k = 0; k < size; k++) {
        double c = cosine[k * (N / 2 / size)], s = sine[k * (N / 2 / size)];
        double x = re[i + k + size] * c + im[i + k + size] * s, y = im[i + k + size] * c - re[i + k + size] * s;
        re[i + k + size] = re[i + k] - x;
        im[i + k + size] = im[i + k] - y;
        re[i + k] += x;
        im[i + k] += y;
      }
}
u64 kernel(void)
{
  u64 sum = 0;
  roots();
  for (int i = 0; i < N; i++) re[i] = (double)(next_random() >> 11) / 9007199254740992.0 - 0.5, im[i] = 0;
  for (int round = 0; round < 420; round++) {
    transform();
    for (int i = 0; i < N; i++) re[i] *= 0.0078125, im[i] *= -0.0078125;
    sum = sum * 31 + bits(re[round]) + bits(im[round]);
  }
  return sum;
}
