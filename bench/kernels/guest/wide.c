/* A wide program: 4096 small functions, all different, called in turn through a table and directly. */
#include "bench.h"
static u64 values[64];
#define F(n) static NOINLINE u64 f##n(u64 x) { values[(n) & 63] += x; return (x ^ (0x9e3779b97f4a7c15UL * ((n) + 1))) + (x >> ((n) % 13 + 1)) + values[((n) * 7) & 63]; }
#define F4(n) F(n##0) F(n##1) F(n##2) F(n##3)
#define F16(n) F4(n##0) F4(n##1) F4(n##2) F4(n##3)
#define F64(n) F16(n##0) F16(n##1) F16(n##2) F16(n##3)
#define F256(n) F64(n##0) F64(n##1) F64(n##2) F64(n##3)
#define F1024(n) F256(n##0) F256(n##1) F256(n##2) F256(n##3)
F1024(1) F1024(2) F1024(3) F1024(4)
#define N4(n) f##n##0, f##n##1, f##n##2, f##n##3,
#define N16(n) N4(n##0) N4(n##1) N4(n##2) N4(n##3)
#define N64(n) N16(n##0) N16(n##1) N16(n##2) N16(n##3)
#define N256(n) N64(n##0) N64(n##1) N64(n##2) N64(n##3)
#define N1024(n) N256(n##0) N256(n##1) N256(n##2) N256(n##3)
static u64 (*const table[])(u64) = { N1024(1) N1024(2) N1024(3) N1024(4) };
#define COUNT (sizeof table / sizeof table[0])
u64 kernel(void)
{
  u64 x = 1;
  for (int round = 0; round < 5000; round++) {
    for (u64 i = 0; i < COUNT; i++) x = table[i](x);
    x = f100000(x) + f211111(x) + f322222(x) + f433333(x);
  }
  return x;
}
