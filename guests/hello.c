/* hello [ARG...] - greets, and shows its arguments. */
#include "runtime.h"

static int main(int argc, char **argv)
{
  put("Hello from RISC-V!\n");
  for (int i = 1; i < argc; i++) {
    put("argument ");
    put_number(i);
    put(": ");
    put(argv[i]);
    put_char('\n');
  }
  return 0;
}
