// Messages through a ring, and plain copies.
#include "limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RING_BYTES = 1 << 20 };

/// One producer, one consumer; each keeps what it last saw of the other's index. A record is its length and its bytes.
struct ring {
  _Alignas(128) uint64_t head;
  _Alignas(128) uint64_t tail;
  _Alignas(128) char data[RING_BYTES];
};

static void await_room(struct ring *ring, uint64_t head, uint64_t slots, uint64_t *seen) {
  while (head - *seen == slots) {
    *seen = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    if (head - *seen == slots) relax();
  }
}

static void await_message(struct ring *ring, uint64_t tail, uint64_t *seen) {
  while (tail == *seen) {
    *seen = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    if (tail == *seen) relax();
  }
}

static void produce(struct ring *ring, uint64_t count, uint64_t size, uint64_t slots) {
  char message[256] = {1};
  for (uint64_t head = 0, seen = 0; head < count; head++) {
    await_room(ring, head, slots, &seen);
    char *record = ring->data + head % slots * (sizeof size + size);
    memcpy(record, &size, sizeof size);
    memcpy(record + sizeof size, message, size);
    __atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
  }
}

static void consume(struct ring *ring, uint64_t *tail, uint64_t count, uint64_t size, uint64_t slots) {
  char message[256];
  for (uint64_t end = *tail + count, seen = *tail; *tail < end; (*tail)++) {
    await_message(ring, *tail, &seen);
    char *record = ring->data + *tail % slots * (sizeof size + size);
    uint64_t length;
    memcpy(&length, record, sizeof length);
    memcpy(message, record + sizeof length, length);
    // The copy must be made.
    __asm__ volatile("" : : "r"(message) : "memory");
    __atomic_store_n(&ring->tail, *tail + 1, __ATOMIC_RELEASE);
  }
}

void ring(const char *scenario, const char *subject, const char *unit, int message_size, double share) {
  // The median of batches: on a busy machine the producer is not always running.
  enum { BATCHES = 101, MESSAGES = 100000 };
  double samples[BATCHES];
  struct ring *ring = shared_memory(sizeof *ring);
  uint64_t size = (uint64_t)message_size, slots = 4096, tail = 0;
  int other = fork_flushed();
  if (other == 0) {
    produce(ring, BATCHES * MESSAGES, size, slots);
    _exit(0);
  }
  for (int batch = 0; batch < BATCHES; batch++) {
    double start = now_us();
    consume(ring, &tail, MESSAGES, size, slots);
    samples[batch] = now_us() - start;
  }
  printf("%s %s %.0f %s\n", scenario, subject, share * MESSAGES / median_of(samples, BATCHES) * 1e6, unit);
  wait_for(other);
}

void copies_of_messages(const char *scenario, uint64_t size) {
  enum { ARENA = 1 << 23 };
  char *from = shared_memory(size), *arena = shared_memory(ARENA);
  memset(from, 1, size);
  uint64_t count = ((uint64_t)4 << 30) / size, places = ARENA / size;
  double start = now_us();
  for (uint64_t index = 0; index < count; index++) {
    memcpy(arena + index % places * size, from, size);
    __asm__ volatile("" : : "r"(arena) : "memory");
  }
  printf("%s c_memcpy %.0f msgs/s\n", scenario, (double)count / (now_us() - start) * 1e6);
}

enum { BIG = 100000000 };
static char *blocks[4];

static void copy_three_times(void) {
  for (int pass = 0; pass < 3; pass++) memcpy(blocks[pass + 1], blocks[pass], BIG);
}

/// In, out, and the pass of whoever works on it.
void three_copies(const char *scenario) {
  for (int index = 0; index < 4; index++) {
    blocks[index] = malloc(BIG);
    if (blocks[index] == NULL) return;
    memset(blocks[index], index, BIG);
  }
  printf("%s c_three_memcpy %.6f s\n", scenario, median_us(3, copy_three_times) / 1e6);
}
