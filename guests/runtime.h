/*
 * runtime.h - the little that a program needs without a C library: an entry point, system calls, buffered output.
 *
 * A program defines `int main(int argc, char **argv)` and includes this file once.
 */
#ifndef RUNTIME_H
#define RUNTIME_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long i64;

enum {
  SYS_openat = 56, SYS_close = 57, SYS_read = 63, SYS_write = 64, SYS_exit = 93, SYS_exit_group = 94, SYS_futex = 98,
  SYS_munmap = 215, SYS_clone = 220, SYS_mmap = 222
};

static inline i64 syscall6(i64 number, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f)
{
  register i64 a7 __asm__("a7") = number;
  register i64 a0 __asm__("a0") = a;
  register i64 a1 __asm__("a1") = b;
  register i64 a2 __asm__("a2") = c;
  register i64 a3 __asm__("a3") = d;
  register i64 a4 __asm__("a4") = e;
  register i64 a5 __asm__("a5") = f;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
  return a0;
}
#define syscall1(n, a) syscall6(n, (i64)(a), 0, 0, 0, 0, 0)
#define syscall3(n, a, b, c) syscall6(n, (i64)(a), (i64)(b), (i64)(c), 0, 0, 0)

static char output[1 << 12];
static u32 output_length;

static void flush(void)
{
  for (u32 done = 0; done < output_length;) {
    i64 n = syscall3(SYS_write, 1, output + done, output_length - done);
    if (n <= 0)
      break;
    done += (u32)n;
  }
  output_length = 0;
}

static void put_char(char c)
{
  if (output_length == sizeof output)
    flush();
  output[output_length++] = c;
}

static inline void put(const char *text)
{
  while (*text)
    put_char(*text++);
}

static inline void put_number(i64 value)
{
  char digits[20];
  u32 n = 0;
  u64 rest = value < 0 ? -(u64)value : (u64)value;
  if (value < 0)
    put_char('-');
  do
    digits[n++] = (char)('0' + rest % 10);
  while (rest /= 10);
  while (n)
    put_char(digits[--n]);
}

/* the decimal number in a string, or `otherwise` where there is none */
static inline i64 number(const char *text, i64 otherwise)
{
  i64 value = 0;
  if (!text || *text < '0' || *text > '9')
    return otherwise;
  while (*text >= '0' && *text <= '9')
    value = value * 10 + (*text++ - '0');
  return value;
}

/* what the compiler calls for copies and clears of its own */
void *memcpy(void *to, const void *from, u64 n)
{
  for (u64 i = 0; i < n; i++)
    ((u8 *)to)[i] = ((const u8 *)from)[i];
  return to;
}
void *memset(void *to, int byte, u64 n)
{
  for (u64 i = 0; i < n; i++)
    ((u8 *)to)[i] = (u8)byte;
  return to;
}

static int main(int argc, char **argv);

__attribute__((used, noreturn)) static void start(i64 *stack)
{
  int status = main((int)stack[0], (char **)(stack + 1));
  flush();
  syscall1(SYS_exit_group, status);
  __builtin_unreachable();
}

__asm__(".pushsection .text.start, \"ax\", @progbits\n"
        ".globl _start\n.type _start, @function\n_start:\n"
        ".option push\n.option norelax\n  la gp, __global_pointer$\n.option pop\n"
        "  mv a0, sp\n  andi sp, sp, -16\n  tail start\n"
        ".size _start, . - _start\n.popsection\n");

#endif
