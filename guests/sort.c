/* sort [N] - sorts N numbers (default 20000) in two ways and compares: recursion, function pointers, memory traffic. */
#include "runtime.h"

enum { LIMIT = 100000 };
static u64 quick[LIMIT], merged[LIMIT], spare[LIMIT];

static __attribute__((noinline)) int ascending(u64 a, u64 b) { return a < b; }
static __attribute__((noinline)) int descending(u64 a, u64 b) { return a > b; }

typedef int (*order)(u64, u64);

static void quick_sort(u64 *a, i64 n, order before)
{
  while (n > 1) {
    u64 pivot = a[n / 2];
    i64 i = 0, j = n - 1;
    while (i <= j) {
      while (before(a[i], pivot))
        i++;
      while (before(pivot, a[j]))
        j--;
      if (i <= j) {
        u64 t = a[i];
        a[i++] = a[j];
        a[j--] = t;
      }
    }
    quick_sort(a, j + 1, before);
    a += i;
    n -= i;
  }
}

static void merge_sort(u64 *a, i64 n, order before)
{
  if (n < 2)
    return;
  i64 half = n / 2;
  merge_sort(a, half, before);
  merge_sort(a + half, n - half, before);
  for (i64 k = 0; k < n; k++)
    spare[k] = a[k];
  for (i64 i = 0, j = half, k = 0; k < n; k++)
    a[k] = j == n || (i < half && !before(spare[j], spare[i])) ? spare[i++] : spare[j++];
}

static int check(const char *name, i64 n, order before)
{
  u64 state = 88172645463325252;
  for (i64 i = 0; i < n; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    quick[i] = merged[i] = state % 1000000;
  }
  quick_sort(quick, n, before);
  merge_sort(merged, n, before);
  for (i64 i = 0; i < n; i++)
    if (quick[i] != merged[i])
      return 1;
  put(name);
  put(": first ");
  put_number((i64)quick[0]);
  put(", middle ");
  put_number((i64)quick[n / 2]);
  put(", last ");
  put_number((i64)quick[n - 1]);
  put_char('\n');
  return 0;
}

static int main(int argc, char **argv)
{
  i64 n = number(argc > 1 ? argv[1] : 0, 20000);
  if (n < 1 || n > LIMIT) {
    put("sort: N is 1 to 100000\n");
    return 2;
  }
  return check("ascending", n, ascending) | check("descending", n, descending);
}
