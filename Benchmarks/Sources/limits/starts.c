// Starting a process that ends at once, and waiting for it.
#include "limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

static void fork_wait(void) {
  int id = fork();
  if (id == 0) _exit(0);
  wait_for(id);
}

static void fork_exec_wait(void) {
  char *arguments[] = {"limits", "--exit", NULL};
  int id = fork();
  if (id == 0) {
    execve("/proc/self/exe", arguments, environ);
    _exit(127);
  }
  wait_for(id);
}

void starts(const char *scenario, int count) {
  printf("%s c_fork_wait %.3f us\n", scenario, median_us(count, fork_wait));
  printf("%s c_fork_exec_wait %.3f us\n", scenario, median_us(count, fork_exec_wait));
}

void starts_from_big_parent(const char *scenario) {
  size_t size = (size_t)1 << 30;
  char *block = malloc(size);
  if (block == NULL) return;
  // volatile: the block must exist.
  for (size_t offset = 0; offset < size; offset += 4096) ((volatile char *)block)[offset] = 1;
  starts(scenario, 10);
  free(block);
}
