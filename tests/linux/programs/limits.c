// flags: -O1 -static
// Limits are kept: size of files, CPU time.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile int hits; static void h(int s) { hits++; }
int main(void) {
  setvbuf(stdout, 0, _IONBF, 0); char b[100]; memset(b, 'x', 100); struct rlimit l = { 250, 1000 };
  int f = open("limited", O_RDWR | O_CREAT | O_TRUNC, 0600); signal(SIGXFSZ, h); setrlimit(RLIMIT_FSIZE, &l);
  int r1 = write(f, b, 100), r2 = write(f, b, 100), r3 = write(f, b, 100), r4 = write(f, b, 100), e = errno; printf("%d %d %d %d %d, hits %d\n", r1, r2, r3, r4, e == EFBIG, hits);
  r1 = pwrite(f, b, 10, 245); r2 = pwrite(f, b, 10, 250); printf("%d %d, hits %d\n", r1, r2, hits);
  r1 = ftruncate(f, 251); r2 = ftruncate(f, 250); r3 = ftruncate(f, 10); printf("%d %d %d, hits %d\n", r1, r2, r3, hits);
  int p[2]; pipe(p); char many[1000] = ""; printf("a pipe %zd\n", write(p[1], many, 1000));
  pid_t c = fork(); int st; if (!c) { signal(SIGXFSZ, SIG_DFL); lseek(f, 250, 0); write(f, b, 1); _exit(0); } waitpid(c, &st, 0); printf("ends by %d\n", WTERMSIG(st) == SIGXFSZ);
  unlink("limited");
  c = fork(); if (!c) { struct rlimit t = { 1, 2 }; signal(SIGXCPU, h); setrlimit(RLIMIT_CPU, &t); hits = 0; while (!hits) ; write(p[1], "X", 1); for (;;) ; }
  waitpid(c, &st, 0); read(p[0], many, 1000); printf("told once %zd, killed %d\n", read(p[0], many, 1), WTERMSIG(st) == SIGKILL);
}
