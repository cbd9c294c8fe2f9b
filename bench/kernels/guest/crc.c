/* CRC-32 (IEEE 802.3) with a table, and bit by bit. */
#include "bench.h"
#define N 1000000
static u32 table[256];
static u8 data[N];
u64 kernel(void)
{
  u64 sum = 0;
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  for (int i = 0; i < N; i++) data[i] = (u8)next_random();
  for (int round = 0; round < 340; round++) {
    u32 c = ~(u32)round;
    for (int i = 0; i < N; i++) c = table[(c ^ data[i]) & 255] ^ (c >> 8);
    sum = sum * 31 + ~c;
  }
  for (int round = 0; round < 8; round++) {
    u32 c = ~(u32)round;
    for (int i = 0; i < N; i++) {
      c ^= data[i];
      for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >> 1) : c >> 1;
    }
    sum = sum * 31 + ~c;
  }
  return sum;
}
