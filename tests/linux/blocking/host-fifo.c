// A named pipe whose other end is a program of the host: to and fro, with threads that go on meanwhile.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
// Says after a while that it goes on: by then the main thread waits for somebody to open the pipe.
static void *go_on(void *p) { for (int i = 0; i < 20; i++) usleep(1000); write(2, "alive\n", 6); return 0; }
int main(int argc, char **argv) {
  pthread_t t; pthread_create(&t, 0, go_on, 0); char b[64] = ""; setvbuf(stdout, 0, _IONBF, 0);
  printf("begun\n");
  int r = open(argv[1], O_RDONLY); struct pollfd p = { r, POLLIN }; int ready = poll(&p, 1, 20000); ssize_t k = read(r, b, 63);
  printf("poll %d, read %zd: %.*s", ready, k, (int)k, b); while ((k = read(r, b, 63)) > 0) ; printf("end %zd\n", k); close(r);
  int w = open(argv[2], O_WRONLY); dprintf(w, "answer\n"); close(w);
}
