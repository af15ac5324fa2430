// The prime program, with one process and with two.
#include "limits.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const int64_t numbers[] = {
    1116281,         1297337,         104395303,       472882027,       533000389,
    817504243,       982451653,       112272535095293, 112582705942171, 112272535095293,
    115280095190773, 115797848077099, 1099726899285419};
enum { NUMBERS = sizeof numbers / sizeof *numbers, TASKS = NUMBERS * 5 };

static int is_prime(int64_t number) {
  int64_t root = (int64_t)__builtin_sqrt((double)number);
  for (int64_t divisor = 2; divisor <= root; divisor++) {
    if (number % divisor == 0) return 0;
  }
  return number != 1;
}

struct answers {
  int next;
  int is_prime[TASKS];
};

static void claim_all(struct answers *answers) {
  for (int task; (task = __atomic_fetch_add(&answers->next, 1, __ATOMIC_RELAXED)) < TASKS;) {
    answers->is_prime[task] = is_prime(numbers[task % NUMBERS]);
  }
}

/// Each process takes the next number when it is done with one. In seconds.
static double seconds_with(int processes) {
  double start = now_us();
  struct answers *answers = shared_memory(sizeof *answers);
  int other = processes == 2 ? fork_flushed() : -1;
  claim_all(answers);
  if (other == 0) _exit(0);
  if (other > 0) wait_for(other);
  int count = 0;
  for (int task = 0; task < TASKS; task++) count += answers->is_prime[task];
  // The last of the numbers is the product of two.
  if (count != TASKS - TASKS / NUMBERS) fprintf(stderr, "# %d of %d are prime\n", count, TASKS);
  munmap(answers, sizeof *answers);
  return (now_us() - start) / 1e6;
}

void primes_by_two(const char *scenario) { printf("%s c_two_processes %.6f s\n", scenario, seconds_with(2)); }

void primes_speedup(const char *scenario) {
  double one = seconds_with(1);
  printf("%s c_speedup %.4f x\n", scenario, one / seconds_with(2));
}
