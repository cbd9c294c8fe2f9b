// One thread fills stdout, which nobody reads yet; the other one goes on meanwhile, and says so.
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
enum { size = 1 << 20 };
static char bytes[size];
static void *fill(void *p) { for (int done = 0; done < size;) { ssize_t n = write(1, bytes + done, size - done); if (n <= 0) _exit(1); done += n; } return 0; }
int main(void) {
  pthread_t t; memset(bytes, 'x', size); pthread_create(&t, 0, fill, 0);
  usleep(50000); write(2, "alive\n", 6); pthread_join(t, 0); write(1, "end\n", 4); return 0;
}
