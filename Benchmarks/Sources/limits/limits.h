// What the machine itself charges for what `bench` measures: each function prints `scenario subject value unit`.
#ifndef LIMITS_H
#define LIMITS_H

#include <stdint.h>

/// Tells the processor that this is a loop of looking.
static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Microseconds of a clock that never goes back.
double now_us(void);

/// The middle one; sorts them.
double median_of(double *samples, int count);

/// Median time of `count` calls (at most 256) after two that do not count, in microseconds.
double median_us(int count, void (*body)(void));

/// Memory that children share, zeroed; ends the program when there is none.
void *shared_memory(uint64_t size);

/// Forks; standard output is flushed first, so that nothing is printed twice.
int fork_flushed(void);

/// Waits until a child has ended.
void wait_for(int id);

void starts(const char *scenario, int count);
void starts_from_big_parent(const char *scenario);

void primes_by_two(const char *scenario);
void primes_speedup(const char *scenario);

/// Messages a second from one process to another through a ring in shared memory, `share` of that rate.
void ring(const char *scenario, const char *subject, const char *unit, int message_size, double share);

void futex_mutex(const char *scenario);

/// There and back between two processes: through a word both look at all the time; through a futex, the waiting one
/// asleep, both on one processor or on whichever the kernel gives them, with a pause before each trip or without.
void cache_line(const char *scenario);
void futex_trips(const char *scenario, const char *subject, int trips, int pause_us, int on_one_processor);
void socket_trips(const char *scenario);

void copies_of_messages(const char *scenario, uint64_t message_size);
void three_copies(const char *scenario);

#endif
