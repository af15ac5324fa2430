// `limits SCENARIO…`: what the machine itself charges for these scenarios of `bench`.
#include "limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return difference < 0 ? -1 : difference > 0;
}

double median_of(double *samples, int count) {
  qsort(samples, (size_t)count, sizeof *samples, compare);
  return samples[count / 2];
}

double median_us(int count, void (*body)(void)) {
  double samples[256];
  body();
  body();
  for (int index = 0; index < count; index++) {
    double start = now_us();
    body();
    samples[index] = now_us() - start;
  }
  return median_of(samples, count);
}

void *shared_memory(uint64_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) {
    perror("mmap");
    exit(1);
  }
  return memory;
}

int fork_flushed(void) {
  fflush(stdout);
  return fork();
}

void wait_for(int id) { waitpid(id, NULL, 0); }

/// Uses the processor until the parent is gone.
static void hog(void) {
  // Whoever started it may be killed by SIGKILL, and must not leave it running.
  for (pid_t parent = getppid(); getppid() == parent;) {
    for (volatile int step = 0; step < 10000000; step++) {}
  }
}

static int is(const char *name, const char *other) { return strcmp(name, other) == 0; }

static void measure(const char *name) {
  if (is(name, "process_start_join")) starts(name, 60);
  if (is(name, "process_start_join_parent_1GiB")) starts_from_big_parent(name);
  if (is(name, "seed_primes_wall")) primes_by_two(name);
  if (is(name, "primes_two_workers")) primes_speedup(name);
  if (is(name, "connection_roundtrip")) socket_trips(name);
  if (is(name, "lock_uncontended_acq_rel")) futex_mutex(name);
  if (is(name, "pingpong_roundtrip") || is(name, "task_roundtrip_busy")) cache_line(name);
  if (is(name, "task_roundtrip_asleep")) futex_trips(name, "c_futex_one_core", 20000, 0, 1);
  if (is(name, "semaphore_roundtrip")) futex_trips(name, "c_futex", 20000, 0, 0);
  if (is(name, "event_roundtrip")) futex_trips(name, "c_futex", 20000, 0, 0);
  if (is(name, "barrier2_roundtrip")) futex_trips(name, "c_futex", 20000, 0, 0);
  if (is(name, "semaphore_roundtrip_asleep")) futex_trips(name, "c_futex", 300, 2000, 0);
  if (is(name, "event_roundtrip_asleep")) futex_trips(name, "c_futex", 300, 2000, 0);
  if (is(name, "barrier2_roundtrip_asleep")) futex_trips(name, "c_futex", 300, 2000, 0);
  if (is(name, "pool_map_chunksize1")) ring(name, "c_ring_half", "tasks/s", 8, 0.5);
  if (is(name, "queue_1to1_int")) ring(name, "c_ring", "msgs/s", 8, 1);
  if (is(name, "queue_1to1_100B")) ring(name, "c_ring", "msgs/s", 104, 1);
  if (is(name, "queue_1to1_64KiB")) copies_of_messages(name, 1 << 16);
  if (is(name, "queue_1to1_1MiB")) copies_of_messages(name, 1 << 20);
  if (is(name, "big_array_100MB_add1_roundtrip")) three_copies(name);
}

int main(int argc, char **argv) {
  for (int index = 1; index < argc; index++) {
    if (is(argv[index], "--exit")) return 0;
    if (is(argv[index], "--hog")) hog();
    measure(argv[index]);
  }
  return 0;
}
