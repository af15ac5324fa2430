#define _GNU_SOURCE
#include "mp_word.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "mp_gate.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

// `struct futex_waitv` of linux/futex.h, which headers before 5.16 lack.
struct mp_wait_entry {
  uint64_t value;
  uint64_t address;
  uint32_t flags;
  uint32_t reserved;
};
enum { mp_most_words = 128, mp_futex_32 = 2 };

static __thread int mp_woke;

static struct timespec mp_time(uint64_t deadline) {
  return (struct timespec){(time_t)(deadline / 1000000000), (long)(deadline % 1000000000)};
}

int mp_shared_wait(uint32_t *const *words, const uint32_t *expected, int count, uint64_t deadline) {
  struct mp_wait_entry entries[mp_most_words];
  if (count > mp_most_words) return EINVAL;
  for (int i = 0; i < count; i++) {
    entries[i] = (struct mp_wait_entry){expected[i], (uint64_t)(uintptr_t)words[i], mp_futex_32, 0};
  }
  struct timespec time = mp_time(deadline);
  mp_gate_sleep();
  long result = syscall(SYS_futex_waitv, entries, count, 0, deadline ? &time : NULL, CLOCK_MONOTONIC);
  mp_gate_wake();
  if (result >= 0 || errno == EAGAIN) return 0;
  return errno;
}

int mp_shared_wait_one(uint32_t *word, uint32_t expected, uint64_t deadline) {
  struct timespec time = mp_time(deadline);
  mp_gate_sleep();
  long result = syscall(
      SYS_futex, word, FUTEX_WAIT_BITSET, expected, deadline ? &time : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
  mp_gate_wake();
  if (result == 0 || errno == EAGAIN) return 0;
  return errno;
}

int mp_shared_wake(uint32_t *word, int count) {
  long woken = syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
  if (woken > 0) mp_woke = 1;
  return woken > 0 ? (int)woken : 0;
}

int mp_has_woken(void) {
  int woke = mp_woke;
  mp_woke = 0;
  return woke;
}

uint64_t mp_id;
static uint64_t mp_id_of_parent;
__thread uint32_t mp_thread;

void mp_own_id_set(uint64_t id) { __atomic_store_n(&mp_id, id, __ATOMIC_RELEASE); }
uint64_t mp_parent_id(void) { return __atomic_load_n(&mp_id_of_parent, __ATOMIC_ACQUIRE); }

static uint32_t mp_threads;

uint32_t mp_thread_number_new(void) {
  // Never 0, also when four billion threads have come and gone.
  while (mp_thread == 0) mp_thread = __atomic_add_fetch(&mp_threads, 1, __ATOMIC_RELAXED);
  return mp_thread;
}

static int mp_steps;
static int mp_steps_signal;

void mp_forget_identity(void) {
  mp_id = 0;
  mp_id_of_parent = 0;
  mp_thread = 0;
  mp_steps = 0;
}

/// In a forked copy: no step of its parent's counts for it.
static void mp_become_copy(void) {
  uint64_t parent = mp_id != 0 ? mp_id : mp_id_of_parent;
  mp_forget_identity();
  mp_id_of_parent = parent;
}

__attribute__((constructor)) static void mp_register_identity(void) { pthread_atfork(NULL, NULL, mp_become_copy); }

void mp_steps_arm(int count, int signal) {
  __atomic_store_n(&mp_steps_signal, signal, __ATOMIC_SEQ_CST);
  __atomic_store_n(&mp_steps, count, __ATOMIC_SEQ_CST);
}
int mp_steps_left(void) { return __atomic_load_n(&mp_steps, __ATOMIC_SEQ_CST); }

void mp_step(void) {
  if (__atomic_load_n(&mp_steps, __ATOMIC_RELAXED) <= 0) return;
  if (__atomic_sub_fetch(&mp_steps, 1, __ATOMIC_SEQ_CST) != 0) return;
  int signal = __atomic_load_n(&mp_steps_signal, __ATOMIC_SEQ_CST);
  kill(getpid(), signal);
  while (signal == SIGKILL) pause();
}
