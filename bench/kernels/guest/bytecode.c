/* A bytecode interpreter with an indirect jump for each operation, running a small program. */
#include "bench.h"
enum { LOAD, ADD, SUB, MUL, XOR, SHIFT, STORE, LESS, JUMP_IF, JUMP, DUP, CONST, DONE };
static i64 memory[16];
static NOINLINE u64 run(const int *code)
{
  static const void *const labels[] = { &&load, &&add, &&sub, &&mul, &&xor, &&shift, &&store, &&less, &&jump_if, &&jump, &&dup, &&constant, &&done };
  i64 stack[16], *sp = stack;
  const int *pc = code;
#define NEXT goto *labels[*pc++]
  NEXT;
load: *sp++ = memory[*pc++]; NEXT;
add: sp--; sp[-1] += *sp; NEXT;
sub: sp--; sp[-1] -= *sp; NEXT;
mul: sp--; sp[-1] *= *sp; NEXT;
xor: sp--; sp[-1] ^= *sp; NEXT;
shift: sp[-1] = (i64)((u64)sp[-1] >> *pc++); NEXT;
store: memory[*pc++] = *--sp; NEXT;
less: sp--; sp[-1] = sp[-1] < *sp; NEXT;
jump_if: pc = *--sp ? code + *pc : pc + 1; NEXT;
jump: pc = code + *pc; NEXT;
dup: *sp = sp[-1]; sp++; NEXT;
constant: *sp++ = *pc++; NEXT;
done: return (u64)memory[1];
}
u64 kernel(void)
{
  /* i = 0; s = 1; while (i < n) { s = (s * 31 + i) ^ (s >> 7); i = i + 1; if (s < i) s = s - i; } */
  static const int code[] = {
    CONST, 0, STORE, 0, CONST, 1, STORE, 1,
    LOAD, 0, LOAD, 2, LESS, JUMP_IF, 17, JUMP, 52,
    LOAD, 1, DUP, CONST, 31, MUL, LOAD, 0, ADD, STORE, 3, SHIFT, 7, LOAD, 3, XOR, STORE, 1,
    LOAD, 0, CONST, 1, ADD, STORE, 0,
    LOAD, 1, LOAD, 0, LESS, JUMP_IF, 53, JUMP, 8, 0,
    DONE,
    LOAD, 1, LOAD, 0, SUB, STORE, 1, JUMP, 8 };
  memory[2] = 6000000;
  return run(code);
}
