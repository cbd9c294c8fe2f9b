/* Quicksort with a comparison through a function pointer, as qsort has it. */
#include "bench.h"
#define N 400000
typedef int (*compare)(const u64 *, const u64 *);
static u64 data[N];
static NOINLINE int rising(const u64 *a, const u64 *b) { return *a < *b ? -1 : *a > *b; }
static NOINLINE int falling(const u64 *a, const u64 *b) { return *a > *b ? -1 : *a < *b; }
static NOINLINE int low_bits(const u64 *a, const u64 *b) { return (int)(*a & 0xfffff) - (int)(*b & 0xfffff); }
static void sort(u64 *p, i64 n, compare by)
{
  while (n > 12) {
    u64 pivot = p[n / 2];
    i64 i = 0, j = n - 1;
    while (i <= j) {
      while (by(&p[i], &pivot) < 0) i++;
      while (by(&p[j], &pivot) > 0) j--;
      if (i <= j) {
        u64 t = p[i];
        p[i++] = p[j];
        p[j--] = t;
      }
    }
    if (j + 1 < n - i) {
      sort(p, j + 1, by);
      p += i;
      n -= i;
    } else {
      sort(p + i, n - i, by);
      n = j + 1;
    }
  }
  for (i64 i = 1; i < n; i++) {
    u64 x = p[i];
    i64 j = i;
    for (; j > 0 && by(&p[j - 1], &x) > 0; j--) p[j] = p[j - 1];
    p[j] = x;
  }
}
u64 kernel(void)
{
  static compare const orders[] = { rising, falling, low_bits };
  u64 sum = 0;
  for (int round = 0; round < 9; round++) {
    for (int i = 0; i < N; i++) data[i] = next_random();
    sort(data, N, orders[round % 3]);
    for (int i = 0; i < N; i += 97) sum = sum * 31 + data[i];
  }
  return sum;
}
