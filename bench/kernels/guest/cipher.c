/* A table-driven block cipher in the manner of AES: 16 rounds of table look-ups, rotations and key mixing. */
#include "bench.h"
static u32 t[4][256];
static u32 key[68];
static inline u32 rotate(u32 x, int n) { return x << n | x >> (32 - n); }
static NOINLINE void encrypt(u32 *s)
{
  u32 a = s[0] ^ key[0], b = s[1] ^ key[1], c = s[2] ^ key[2], d = s[3] ^ key[3];
  for (int r = 1; r <= 16; r++) {
    const u32 *q = key + 4 * r;
    u32 w = t[0][a & 255] ^ t[1][b >> 8 & 255] ^ t[2][c >> 16 & 255] ^ t[3][d >> 24] ^ q[0];
    u32 x = t[0][b & 255] ^ t[1][c >> 8 & 255] ^ t[2][d >> 16 & 255] ^ t[3][a >> 24] ^ q[1];
    u32 y = t[0][c & 255] ^ t[1][d >> 8 & 255] ^ t[2][a >> 16 & 255] ^ t[3][b >> 24] ^ q[2];
    u32 z = t[0][d & 255] ^ t[1][a >> 8 & 255] ^ t[2][b >> 16 & 255] ^ t[3][c >> 24] ^ q[3];
    a = w; b = x; c = y; d = z;
  }
  s[0] = a; s[1] = b; s[2] = c; s[3] = d;
}
u64 kernel(void)
{
  static u32 data[4096];
  for (int i = 0; i < 256; i++) {
    t[0][i] = (u32)next_random();
    for (int j = 1; j < 4; j++) t[j][i] = rotate(t[0][i], 8 * j);
  }
  for (int i = 0; i < 68; i++) key[i] = (u32)next_random();
  for (int i = 0; i < 4096; i++) data[i] = (u32)next_random();
  u64 sum = 0;
  for (int round = 0; round < 6200; round++) {
    for (int i = 0; i < 4096; i += 4) encrypt(data + i);
    sum = sum * 31 + data[round * 3 & 4095];
  }
  return sum;
}
