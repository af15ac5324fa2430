// What the machine itself charges, for the scenarios of `bench`: `limits NAME…`. Prints the same kind of lines.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return difference < 0 ? -1 : difference > 0;
}

static double median(int count, void (*body)(void)) {
  double samples[256];
  body();
  body();
  for (int index = 0; index < count; index++) {
    double start = now_us();
    body();
    samples[index] = now_us() - start;
  }
  qsort(samples, (size_t)count, sizeof *samples, compare);
  return samples[count / 2];
}

static void fork_wait(void) {
  pid_t id = fork();
  if (id == 0) _exit(0);
  waitpid(id, NULL, 0);
}

static void fork_exec_wait(void) {
  char *arguments[] = {"limits", "--exit", NULL};
  pid_t id = fork();
  if (id == 0) {
    execve("/proc/self/exe", arguments, environ);
    _exit(127);
  }
  waitpid(id, NULL, 0);
}

static void starts(const char *scenario, int count) {
  printf("%s c_fork_wait %.3f us\n", scenario, median(count, fork_wait));
  printf("%s c_fork_exec_wait %.3f us\n", scenario, median(count, fork_exec_wait));
}

static void big_parent(const char *scenario) {
  size_t size = (size_t)1 << 30;
  char *block = malloc(size);
  if (block == NULL) return;
  // volatile: the block must exist.
  for (size_t offset = 0; offset < size; offset += 4096) ((volatile char *)block)[offset] = 1;
  starts(scenario, 10);
  free(block);
}

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

/// One process per processor, each taking the next number when it is done with one.
static void primes(const char *scenario) {
  double start = now_us();
  struct answers *answers =
      mmap(NULL, sizeof *answers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (answers == MAP_FAILED) return;
  fflush(stdout);
  pid_t other = fork();
  claim_all(answers);
  if (other == 0) _exit(0);
  waitpid(other, NULL, 0);
  int count = 0;
  for (int task = 0; task < TASKS; task++) count += answers->is_prime[task];
  if (count != TASKS) fprintf(stderr, "# %d of %d are prime\n", count, TASKS);
  printf("%s c_two_processes %.6f s\n", scenario, (now_us() - start) / 1e6);
}

/// A message there and back between two processes that sleep while they wait.
static void socket_pair(const char *scenario) {
  enum { TRIPS = 20000 };
  int ends[2];
  char message[32] = {0};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return;
  fflush(stdout);
  pid_t other = fork();
  for (int trip = 0; other == 0 && trip < TRIPS; trip++) {
    if (recv(ends[1], message, sizeof message, 0) < 0 || send(ends[1], message, sizeof message, 0) < 0) break;
  }
  if (other == 0) _exit(0);
  double start = now_us();
  for (int trip = 0; trip < TRIPS; trip++) {
    if (send(ends[0], message, sizeof message, 0) < 0 || recv(ends[0], message, sizeof message, 0) < 0) break;
  }
  printf("%s c_seqpacket %.3f us\n", scenario, (now_us() - start) / TRIPS);
  waitpid(other, NULL, 0);
}

int main(int argc, char **argv) {
  for (int index = 1; index < argc; index++) {
    const char *name = argv[index];
    if (strcmp(name, "--exit") == 0) return 0;
    if (strcmp(name, "process_start_join") == 0) starts(name, 60);
    if (strcmp(name, "process_start_join_parent_1GiB") == 0) big_parent(name);
    if (strcmp(name, "seed_primes_wall") == 0) primes(name);
    if (strcmp(name, "connection_roundtrip") == 0) socket_pair(name);
  }
  return 0;
}
