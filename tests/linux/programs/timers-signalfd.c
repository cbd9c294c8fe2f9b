// flags: -O1 -static -pthread
// POSIX timers have one signal pending and count what it stands for; CPU clocks are a thread's own; signalfd gives what signals tell.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/times.h>
#include <sys/wait.h>

static volatile int hits, over; static void h(int s, siginfo_t *i, void *u) { hits++; over = i->si_overrun; }
static double cpu(clockid_t c) { struct timespec t; clock_gettime(c, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static int reaches(clockid_t c, double t) { double end = cpu(CLOCK_MONOTONIC) + 10; while (cpu(c) < t) if (cpu(CLOCK_MONOTONIC) > end) return 0; return 1; }
static void nap(int ms) { struct timespec t = { ms / 1000, ms % 1000 * 1000000 }; while (nanosleep(&t, &t)) ; }
static void *idle(void *p) { nap(100); *(double *)p = cpu(CLOCK_THREAD_CPUTIME_ID); return 0; }
static volatile int quit; static void *busy(void *p) { while (!quit) ; return 0; }

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0); sigset_t s, q; timer_t t, u; struct sigaction sa = { .sa_sigaction = h, .sa_flags = SA_SIGINFO };
  sigaction(SIGRTMIN, &sa, 0); sigaction(SIGUSR1, &sa, 0);
  for (int sig = SIGRTMIN; sig; sig = sig == SIGRTMIN ? SIGUSR1 : 0) {
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = sig }; struct itimerspec it = { { 0, 2000000 }, { 0, 2000000 } };
    sigemptyset(&s); sigaddset(&s, sig); sigprocmask(SIG_BLOCK, &s, 0); timer_create(CLOCK_MONOTONIC, &ev, &t); hits = over = 0;
    timer_settime(t, 0, &it, 0); nap(100); memset(&it, 0, sizeof it); sigpending(&q); int p = sigismember(&q, sig);
    sigprocmask(SIG_UNBLOCK, &s, 0); int first = over, told = timer_getoverrun(t), got = hits; timer_settime(t, 0, &it, 0);
    printf("pending %d, few signals %d, overrun %d, the same told %d, then %d\n", p, got >= 1 && got <= 3, first >= 30, got > 1 || told == first, timer_getoverrun(t)); timer_delete(t);
  }
  // a timer on CPU time does not go off while nothing runs
  struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 }; struct itimerspec it = { { 0, 0 }, { 0, 20000000 } };
  timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &u); hits = 0; timer_settime(u, 0, &it, 0); nap(60); printf("asleep %d\n", hits); double t0 = cpu(CLOCK_THREAD_CPUTIME_ID); while (!hits && cpu(CLOCK_THREAD_CPUTIME_ID) - t0 < 2) ; printf("busy %d\n", hits);
  // threads have CPU clocks of their own
  pthread_t th, w; double used; clockid_t of; pthread_create(&w, 0, busy, 0); pthread_create(&th, 0, idle, &used); pthread_join(th, 0); pthread_getcpuclockid(w, &of);
  printf("idle thread %d, busy one %d\n", used < 0.02, reaches(of, 0.03)); quit = 1; pthread_join(w, 0); printf("process %d\n", cpu(CLOCK_PROCESS_CPUTIME_ID) > 0.03);
  struct timespec a = { 0, 30000000 }; pthread_create(&w, 0, busy, 0); quit = 0; double c0 = cpu(CLOCK_PROCESS_CPUTIME_ID); printf("cpu sleep %d", clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &a, 0)); printf(" %d\n", cpu(CLOCK_PROCESS_CPUTIME_ID) - c0 >= 0.03); quit = 1; pthread_join(w, 0);
  // signalfd
  sigemptyset(&s); sigaddset(&s, SIGCHLD); sigaddset(&s, SIGUSR2); sigaddset(&s, SIGRTMIN + 1); sigprocmask(SIG_BLOCK, &s, 0); int f = signalfd(-1, &s, SFD_NONBLOCK); struct signalfd_siginfo si[4];
  ssize_t r = read(f, si, sizeof si); printf("none: %zd %d\n", r, errno == EAGAIN); int e = epoll_create1(0); struct epoll_event evs[2], ee = { EPOLLIN, { .u32 = 9 } }; epoll_ctl(e, EPOLL_CTL_ADD, f, &ee); printf("epoll %d\n", epoll_wait(e, evs, 2, 0));
  pid_t c = fork(); if (!c) { nap(20); _exit(3); }
  printf("epoll %d", epoll_wait(e, evs, 2, 3000)); printf(" %u\n", evs[0].data.u32); r = read(f, si, sizeof si); printf("read %zd: %d code %d pid %d status %d\n", r, si[0].ssi_signo == SIGCHLD, si[0].ssi_code, si[0].ssi_pid == c, si[0].ssi_status); wait(0);
  sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 5 }); sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 6 }); kill(getpid(), SIGUSR2); struct pollfd pf = { f, POLLIN };
  printf("poll %d", poll(&pf, 1, 1000)); r = read(f, si, sizeof si); printf(", read %zd: %d %d, %d %d, small %zd\n", r / sizeof *si, si[0].ssi_signo == SIGUSR2, si[1].ssi_signo == SIGRTMIN + 1, si[1].ssi_int, si[2].ssi_int, read(f, si, 10));
  // a child reads its own
  c = fork(); if (!c) { kill(getpid(), SIGUSR2); _exit(read(f, si, sizeof si) == sizeof *si && si[0].ssi_pid == getpid() ? 4 : 5); }
  int st; waitpid(c, &st, 0); printf("child %d\n", WEXITSTATUS(st));
  struct tms tm; times(&tm); struct rusage ru; printf("children %d\n", getrusage(RUSAGE_CHILDREN, &ru) == 0 && tm.tms_cutime + tm.tms_cstime <= 100);
}
