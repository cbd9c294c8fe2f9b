/* crash - follows a null pointer three calls deep: what emu prints when a signal ends the program. */
#include "runtime.h"

struct node {
  struct node *next;
  i64 value;
};

static struct node last = { 0, 2 };
static struct node first = { &last, 1 };

static __attribute__((noinline)) i64 value_of(volatile struct node *n) { return n->value; }

static __attribute__((noinline)) i64 sum_of(struct node *n, int count)
{
  i64 sum = 0;
  while (count--) {
    sum += value_of(n);
    n = n->next;
  }
  return sum;
}

static int main(int argc, char **argv)
{
  (void)argv;
  put("the list has two nodes; reading three\n");
  flush();
  put_number(sum_of(&first, 2 + argc));
  return 0;
}
