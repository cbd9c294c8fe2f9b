/* wc [FILE...] - counts lines, words and bytes of files or of its input: open, read, close, errors. */
#include "runtime.h"

enum { AT_FDCWD = -100 };

static int count(i64 fd, const char *name)
{
  static char buffer[1 << 16];
  i64 lines = 0, words = 0, bytes = 0, n;
  int inside = 0;
  while ((n = syscall3(SYS_read, fd, buffer, sizeof buffer)) > 0) {
    bytes += n;
    for (i64 i = 0; i < n; i++) {
      int blank = buffer[i] == ' ' || (buffer[i] >= '\t' && buffer[i] <= '\r');
      lines += buffer[i] == '\n';
      words += !blank && !inside;
      inside = !blank;
    }
  }
  put_number(lines);
  put_char(' ');
  put_number(words);
  put_char(' ');
  put_number(bytes);
  if (name) {
    put_char(' ');
    put(name);
  }
  put_char('\n');
  return n < 0;
}

static int main(int argc, char **argv)
{
  int status = 0;
  if (argc < 2)
    return count(0, 0);
  for (int i = 1; i < argc; i++) {
    i64 fd = syscall6(SYS_openat, AT_FDCWD, (i64)argv[i], 0, 0, 0, 0);
    if (fd < 0) {
      put("wc: cannot open ");
      put(argv[i]);
      put_char('\n');
      status = 1;
      continue;
    }
    status |= count(fd, argv[i]);
    syscall1(SYS_close, fd);
  }
  return status;
}
