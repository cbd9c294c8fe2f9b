/* String and memory routines, byte by byte and word by word, as a plain libc has them. */
#include "bench.h"
#define N 65536
static char a[N + 64], b[N + 64];
static NOINLINE u64 length(const char *s) { const char *p = s; while (*p) p++; return (u64)(p - s); }
static NOINLINE int differ(const char *x, const char *y) { while (*x && *x == *y) x++, y++; return (u8)*x - (u8)*y; }
static NOINLINE void copy_bytes(char *d, const char *s, u64 n) { while (n--) *d++ = *s++; }
static NOINLINE void copy_words(void *d, const void *s, u64 n)
{
  u64 *p = d;
  const u64 *q = s;
  for (; n >= 32; n -= 32, p += 4, q += 4) p[0] = q[0], p[1] = q[1], p[2] = q[2], p[3] = q[3];
  copy_bytes((char *)p, (const char *)q, n);
}
static NOINLINE void fill(char *d, int c, u64 n) { while (n--) *d++ = (char)c; }
static NOINLINE const char *search(const char *text, const char *word)
{
  for (; *text; text++) {
    u64 i = 0;
    while (word[i] && text[i] == word[i]) i++;
    if (!word[i]) return text;
  }
  return 0;
}
u64 kernel(void)
{
  u64 sum = 0;
  for (int i = 0; i < N; i++) a[i] = (char)('a' + (next_random() >> 30) % 20);
  a[N] = 0;
  for (int round = 0; round < 5200; round++) {
    sum += length(a);
    copy_bytes(b, a, N + 1);
    b[N - 1 - round] ^= 1;
    sum = sum * 31 + (u64)differ(a, b);
    copy_words(b, a, N);
    fill(b + (round & 63), 'q', 512);
    const char *found = search(b + 1000, "abcab");
    sum += found ? (u64)(found - b) : 1;
    a[round * 53 % N] = (char)('a' + round % 20);
  }
  return sum;
}
