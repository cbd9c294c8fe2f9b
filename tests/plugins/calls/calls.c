/* Ways to call functions, and to leave them: what api.onCall has to follow. Built by calls.test.ts. */
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#define NI __attribute__((noinline, noclone))
static jmp_buf jb;
NI long fact(long n) { if (n < 2) return 1; long r = fact(n - 1); __asm__ volatile("" : "+r"(r)); return n * r; }
NI long leaf(long a, long b) { __asm__ volatile(""); return a * 10 + b; }
NI long tail(long a) { __asm__ volatile(""); return leaf(a, 1); }
NI void inner(int i) { if (i >= 0) longjmp(jb, i + 1); }
NI int outer(int i) { inner(i); return 99; }
NI int jumper(void) { volatile int n = 0; int r = setjmp(jb); if (n < 3) { n++; outer(n); } return r; }
NI void die(long depth) { if (depth == 0) abort(); die(depth - 1); __asm__ volatile(""); }
NI long forked(long a) { pid_t p = fork(); if (p == 0) return -a; int s; waitpid(p, &s, 0); return a + WEXITSTATUS(s); }
static void *thread(void *a) { return (void *)fact((long)a); }
int main(int argc, char **argv) {
  (void)argv;
  printf("%ld %ld %d\n", fact(4), tail(4), jumper());
  fflush(stdout);
  pthread_t t[2]; void *r[2];
  for (long i = 0; i < 2; i++) pthread_create(&t[i], 0, thread, (void *)(i + 3));
  for (int i = 0; i < 2; i++) pthread_join(t[i], &r[i]);
  long f = forked(5);
  if (f < 0) _exit(7);
  printf("%ld %ld %ld\n", (long)r[0], (long)r[1], f);
  if (argc > 1) die(2);
  return 0;
}
