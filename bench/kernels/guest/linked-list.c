/* Singly linked lists in shuffled memory: walk, reverse, insertion by key. */
#include "bench.h"
#define N 20000
struct node { struct node *next; u64 key, value; };
static struct node pool[N];
static u32 order[N];
u64 kernel(void)
{
  u64 sum = 0;
  for (u32 i = 0; i < N; i++) order[i] = i;
  for (u32 i = N - 1; i > 0; i--) {
    u32 j = (u32)(next_random() % (i + 1)), t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  struct node *head = 0;
  for (u32 i = 0; i < N; i++) {
    struct node *n = &pool[order[i]];
    n->key = next_random() >> 32;
    n->value = i;
    n->next = head;
    head = n;
  }
  for (int round = 0; round < 16500; round++) {
    for (struct node *n = head; n; n = n->next) sum += n->key ^ n->value;
    if (round % 16 == 0) {
      struct node *reversed = 0;
      for (struct node *n = head, *next; n; n = next) {
        next = n->next;
        n->next = reversed;
        reversed = n;
      }
      head = reversed;
    }
    head->value += sum;
  }
  return sum;
}
