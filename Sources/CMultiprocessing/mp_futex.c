#define _GNU_SOURCE
#include "mp_futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int mp_futex_wait(uint32_t *word, uint32_t expected, uint64_t deadline) {
  struct timespec time = {(time_t)(deadline / 1000000000), (long)(deadline % 1000000000)};
  long result = syscall(
      SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, deadline ? &time : NULL, NULL,
      FUTEX_BITSET_MATCH_ANY);
  if (result == 0 || errno == EAGAIN) return 0;
  return errno;
}

void mp_futex_wake(uint32_t *word, int count) {
  syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, NULL, NULL, 0);
}

uint64_t mp_monotonic_nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}
