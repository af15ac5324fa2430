// There and back between two processes, and a mutex nobody else wants.
#define _GNU_SOURCE
#include "limits.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Two words, on cache lines that nothing else is on; the neighbour line is fetched along, so it stays empty, too.
struct words {
  _Alignas(128) uint32_t there;
  _Alignas(128) uint32_t back;
};

static void await_busy(uint32_t *word, uint32_t value) {
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) relax();
}

static void await_asleep(uint32_t *word, uint32_t value) {
  for (uint32_t seen; (seen = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != value;) {
    syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
  }
}

static void wake(uint32_t *word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
  syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void cache_line(const char *scenario) {
  // The median of batches: on a busy machine the other is not always running.
  enum { BATCHES = 101, TRIPS = 3000 };
  double samples[BATCHES];
  struct words *words = shared_memory(sizeof *words);
  int other = fork_flushed();
  for (uint32_t trip = 1; other == 0 && trip <= BATCHES * TRIPS; trip++) {
    await_busy(&words->there, trip);
    __atomic_store_n(&words->back, trip, __ATOMIC_RELEASE);
  }
  if (other == 0) _exit(0);
  for (uint32_t batch = 0, trip = 0; batch < BATCHES; batch++) {
    double start = now_us();
    for (uint32_t end = trip + TRIPS; trip < end;) {
      __atomic_store_n(&words->there, ++trip, __ATOMIC_RELEASE);
      await_busy(&words->back, trip);
    }
    samples[batch] = (now_us() - start) / TRIPS;
  }
  printf("%s c_cache_line %.4f us\n", scenario, median_of(samples, BATCHES));
  wait_for(other);
}

/// The other's half of `trips` trips.
static void answer_asleep(struct words *words, uint32_t trips) {
  for (uint32_t trip = 1; trip <= trips; trip++) {
    await_asleep(&words->there, trip);
    wake(&words->back, trip);
  }
  _exit(0);
}

static double one_trip(struct words *words, uint32_t trip, int pause_us) {
  if (pause_us > 0) usleep((useconds_t)pause_us);
  double start = now_us();
  wake(&words->there, trip);
  await_asleep(&words->back, trip);
  return now_us() - start;
}

void futex_trips(const char *scenario, const char *subject, int trips, int pause_us, int on_one_processor) {
  struct words *words = shared_memory(sizeof *words);
  double *samples = shared_memory((uint64_t)trips * sizeof *samples), sum = 0;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET((size_t)sched_getcpu(), &one);
  if (on_one_processor) sched_setaffinity(0, sizeof one, &one);
  int other = fork_flushed();
  if (other == 0) answer_asleep(words, (uint32_t)trips);
  // The first finds the child started.
  one_trip(words, 1, 0);
  for (int trip = 1; trip < trips; trip++) {
    samples[trip - 1] = one_trip(words, (uint32_t)trip + 1, pause_us);
    sum += samples[trip - 1];
  }
  // As `bench` does: the mean of trips that follow each other at once, the median of the others.
  double value = pause_us > 0 ? median_of(samples, trips - 1) : sum / (trips - 1);
  printf("%s %s %.4f us\n", scenario, subject, value);
  wait_for(other);
}

/// A message there and back between two processes that sleep while they wait.
void socket_trips(const char *scenario) {
  enum { TRIPS = 20000 };
  int ends[2];
  char message[32] = {0};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return;
  int other = fork_flushed();
  for (int trip = 0; other == 0 && trip < TRIPS; trip++) {
    if (recv(ends[1], message, sizeof message, 0) < 0 || send(ends[1], message, sizeof message, 0) < 0) break;
  }
  if (other == 0) _exit(0);
  double start = now_us();
  for (int trip = 0; trip < TRIPS; trip++) {
    if (send(ends[0], message, sizeof message, 0) < 0 || recv(ends[0], message, sizeof message, 0) < 0) break;
  }
  printf("%s c_seqpacket %.3f us\n", scenario, (now_us() - start) / TRIPS);
  wait_for(other);
}

static uint32_t *mutex;

/// A mutex of three states: free, held, held with somebody asleep.
static void lock_and_unlock_often(void) {
  for (int pair = 0; pair < 1000000; pair++) {
    uint32_t expected = 0;
    if (!__atomic_compare_exchange_n(mutex, &expected, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      while (__atomic_exchange_n(mutex, 2, __ATOMIC_ACQUIRE) != 0) {
        syscall(SYS_futex, mutex, FUTEX_WAIT, 2, NULL, NULL, 0);
      }
    }
    if (__atomic_exchange_n(mutex, 0, __ATOMIC_RELEASE) == 2) {
      syscall(SYS_futex, mutex, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
  }
}

void futex_mutex(const char *scenario) {
  mutex = shared_memory(sizeof *mutex);
  printf("%s c_futex_mutex %.3f ns\n", scenario, median_us(5, lock_and_unlock_often) * 1000 / 1000000);
}
