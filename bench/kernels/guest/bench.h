/*
 * What the benchmark kernels share: system calls, output, a generator. Freestanding: no libc.
 *
 * Each kernel defines `unsigned long kernel(void)`, which works for one to three seconds under qemu-riscv64 and returns a
 * checksum; it is printed in hex, so that a wrong result shows.
 */
#ifndef BENCH_H
#define BENCH_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef int i32;
typedef long i64;

#define NOINLINE __attribute__((noinline))

static inline long sys3(long number, long a, long b, long c)
{
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}

static u64 random_state = 88172645463325252UL;

/* xorshift64 (Marsaglia 2003) */
static inline u64 next_random(void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

/* the bits of a double, for checksums */
static inline u64 bits(double x)
{
  union { double d; u64 u; } v = { x };
  return v.u;
}

u64 kernel(void);

void start(void)
{
  static char text[17];
  u64 result = kernel();
  for (int i = 0; i < 16; i++) text[i] = "0123456789abcdef"[(result >> (60 - 4 * i)) & 15];
  text[16] = '\n';
  sys3(64, 1, (long)text, 17);
  sys3(94, 0, 0, 0);
  for (;;) ;
}

__asm__(".pushsection .text.start,\"ax\",@progbits\n"
        ".globl _start\n.type _start,@function\n_start:\n"
        ".option push\n.option norelax\n  la gp, __global_pointer$\n.option pop\n"
        "  andi sp, sp, -16\n  call start\n"
        ".size _start, .-_start\n.popsection\n");

#endif
