// What a program was started with: ignored and blocked signals, nice value, environment.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
int main(void) {
  char line[256]; FILE *f = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, f)) if (!strncmp(line, "SigIgn", 6) || !strncmp(line, "SigBlk", 6)) fputs(line, stdout);
  printf("nice %d, environment %s\n", getpriority(PRIO_PROCESS, 0), getenv("EMU_SIGNALS") ? "changed" : "as it was");
}
