// flags: -O0 -static -pthread
// Nested functions of GCC run on the stack, which such a program asks to be executable: of the first thread, and of others.
#include <pthread.h>
#include <stdio.h>
#include <string.h>
static int apply(int (*f)(int), int x) { return f(x); }
static void *work(void *p) {
  int n = *(int *)p; int add(int x) { return x + n; }
  *(int *)p = apply(add, 40); return 0;
}
int main(void) {
  int value = 2; work(&value); printf("main %d\n", value);
  value = 3; pthread_t t; pthread_create(&t, 0, work, &value); pthread_join(t, 0); printf("thread %d\n", value);
  char line[256]; FILE *f = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, f)) if (strstr(line, "[stack]")) printf("%.4s\n", strchr(line, ' ') + 1);
}
