// flags: -O1 -static -pthread
// What stopping does to waits, to threads, to signals that are pending, and to groups that nobody can make go on.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>

static volatile int chld, cont;
static void h(int s) { if (s == SIGCHLD) chld++; if (s == SIGCONT) cont++; }
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static char state(pid_t p) {
  char name[64], line[512], *at; snprintf(name, sizeof name, "/proc/%d/stat", p);
  FILE *f = fopen(name, "r"); if (!f || !fgets(line, sizeof line, f)) return '?';
  fclose(f); at = strrchr(line, ')'); return at ? at[2] : '?';
}
static void nap(int ms) { struct timespec t = { ms / 1000, ms % 1000 * 1000000 }; while (nanosleep(&t, &t)) ; }
static volatile long *n;
static void *count(void *p) { for (;;) { n[(long)p]++; usleep(300); } }

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  int st; pid_t p; n = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  alarm(30);
  // a sleep that is stopped in its middle ends when it was to end; a poll, too
  p = fork(); if (!p) { double t = now(); struct timespec ts = { 0, 300000000 }; int r = nanosleep(&ts, 0); double d = now() - t; _exit(r == 0 && d > 0.29 && d < 0.55 ? 7 : 8); }
  nap(100); kill(p, SIGSTOP); waitpid(p, &st, WUNTRACED); printf("state %c\n", state(p)); nap(150); kill(p, SIGCONT); waitpid(p, &st, 0); printf("sleep goes on: %d\n", WEXITSTATUS(st));
  p = fork(); if (!p) { double t = now(); int r = poll(0, 0, 300); double d = now() - t; _exit(r == 0 && d > 0.29 && d < 0.55 ? 7 : 8); }
  nap(100); kill(p, SIGSTOP); waitpid(p, &st, WUNTRACED); nap(150); kill(p, SIGCONT); waitpid(p, &st, 0); printf("poll goes on: %d\n", WEXITSTATUS(st));
  // a stopped reader takes nothing
  int fds[2]; pipe(fds); p = fork(); if (!p) { char c; _exit(read(fds[0], &c, 1) == 1 ? c : 1); }
  nap(30); kill(p, SIGSTOP); waitpid(p, &st, WUNTRACED); write(fds[1], "a", 1); nap(20); char c = 0; fcntl(fds[0], F_SETFL, O_NONBLOCK); ssize_t got = read(fds[0], &c, 1); printf("nobody has read: %zd %c\n", got, c);
  fcntl(fds[0], F_SETFL, 0); write(fds[1], "b", 1); kill(p, SIGCONT); waitpid(p, &st, 0); printf("read goes on: %c\n", WEXITSTATUS(st));
  // all threads stand still
  p = fork(); if (!p) { pthread_t t; pthread_create(&t, 0, count, (void *)1); count((void *)0); }
  nap(60); kill(p, SIGTSTP); waitpid(p, &st, WUNTRACED); long a = n[0], b = n[1]; nap(40); printf("threads: %d %d, by %d\n", a && n[0] == a, b && n[1] == b, WSTOPSIG(st));
  // a signal waits until it goes on, but for SIGKILL
  kill(p, SIGTERM); nap(20); printf("waits %d %c\n", waitpid(p, &st, WNOHANG), state(p)); kill(p, SIGCONT); waitpid(p, &st, 0); printf("ended by %d\n", WTERMSIG(st));
  p = fork(); if (!p) { raise(SIGSTOP); _exit(1); }
  waitpid(p, &st, WUNTRACED); printf("once: %d\n", waitpid(p, &st, WUNTRACED | WNOHANG)); kill(p, SIGKILL); waitpid(p, &st, 0); printf("killed %d\n", WTERMSIG(st));
  // handlers of SIGCONT, blocked or not; ignoring and catching SIGTSTP; SA_NOCLDSTOP
  struct sigaction sa = { .sa_handler = h, .sa_flags = SA_NOCLDSTOP | SA_RESTART }; sigaction(SIGCHLD, &sa, 0); sigaction(SIGCONT, &sa, 0); sigaction(SIGTSTP, &sa, 0); sigaction(SIGTTIN, &sa, 0);
  p = fork(); if (!p) { sigset_t s; sigemptyset(&s); sigaddset(&s, SIGCONT); sigprocmask(SIG_BLOCK, &s, 0); signal(SIGTTIN, SIG_IGN); raise(SIGTSTP); raise(SIGTTIN); raise(SIGSTOP); int before = cont; sigprocmask(SIG_UNBLOCK, &s, 0); _exit(before * 10 + cont); }
  waitpid(p, &st, WUNTRACED); printf("by %d, told %d\n", WSTOPSIG(st), chld); kill(p, SIGCONT); waitpid(p, &st, 0); printf("handler ran later: %d\n", WEXITSTATUS(st));
  // stop signals and SIGCONT take each other back
  p = fork(); if (!p) { sigset_t s, q; sigemptyset(&s); sigaddset(&s, SIGTSTP); sigaddset(&s, SIGCONT); sigprocmask(SIG_BLOCK, &s, 0); signal(SIGTSTP, SIG_DFL); raise(SIGTSTP); sigpending(&q); int one = sigismember(&q, SIGTSTP); raise(SIGCONT); sigpending(&q); _exit(one * 4 + sigismember(&q, SIGTSTP) * 2 + sigismember(&q, SIGCONT)); }
  waitpid(p, &st, 0); printf("pending: %d\n", WEXITSTATUS(st));
  // an orphaned group is not stopped by a terminal's signals; one with stopped members hears SIGHUP and goes on when it becomes one
  signal(SIGTSTP, SIG_DFL);
  p = fork(); if (!p) { setsid(); raise(SIGTSTP); _exit(5); }
  waitpid(p, &st, WUNTRACED); printf("orphan: %d\n", WIFEXITED(st) ? WEXITSTATUS(st) : -1);
  int out[2]; pipe(out);
  p = fork(); if (!p) { pid_t q = fork(); if (!q) { setpgid(0, 0); write(out[1], "s", 1); raise(SIGSTOP); write(out[1], "n", 1); _exit(0); } char x; read(out[0], &x, 1); while (state(q) != 'T') nap(5); _exit(0); }
  waitpid(p, &st, 0); close(out[1]); printf("hung up: %zd\n", read(out[0], &c, 1));
}
