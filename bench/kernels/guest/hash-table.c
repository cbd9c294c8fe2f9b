/* Hash table with open addressing: insertions, lookups, deletions. */
#include "bench.h"
#define SIZE (1 << 17)
static struct { u64 key, value; } slots[SIZE];
static inline u64 hash(u64 x)
{
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdUL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53UL;
  return x ^ (x >> 33);
}
static NOINLINE u64 *find(u64 key)
{
  for (u64 i = hash(key);; i++) {
    i &= SIZE - 1;
    if (slots[i].key == key) return &slots[i].value;
    if (slots[i].key == 0) {
      slots[i].key = key;
      return &slots[i].value;
    }
  }
}
u64 kernel(void)
{
  u64 sum = 0;
  for (int round = 0; round < 48; round++) {
    for (int i = 0; i < SIZE; i++) slots[i].key = slots[i].value = 0;
    for (int i = 0; i < 700000; i++) {
      u64 key = (next_random() & 0xffff) + 1;
      *find(key) += (u64)i;
      sum += *find((key * 7 & 0xffff) + 1);
    }
  }
  return sum;
}
