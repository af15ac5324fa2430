#include "mp_gate.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>

#include "mp_futex.h"

// The highest bit: a copy is being made. Below: how many members are awake.
#define MP_GATE_CLOSED 0x80000000u

static const uint64_t mp_gate_patience = 250000000, mp_gate_limit = 5000000000;

static uint32_t mp_gate;
// How often the calling thread has become a member and not ceased to be one.
static _Thread_local int mp_gate_member;

// Those of who makes a copy.
static pthread_mutex_t mp_gate_keeper = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int mp_gate_depth;

static void mp_gate_enter(void) {
  uint64_t deadline = 0;
  uint32_t found = __atomic_load_n(&mp_gate, __ATOMIC_SEQ_CST);
  while (1) {
    if (!(found & MP_GATE_CLOSED)) {
      if (__atomic_compare_exchange_n(&mp_gate, &found, found + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return;
      continue;
    }
    if (deadline == 0) deadline = mp_monotonic_nanoseconds() + mp_gate_limit;
    if (mp_futex_wait(&mp_gate, found, deadline) == ETIMEDOUT) {
      __atomic_add_fetch(&mp_gate, 1, __ATOMIC_SEQ_CST);
      return;
    }
    found = __atomic_load_n(&mp_gate, __ATOMIC_SEQ_CST);
  }
}

static void mp_gate_leave(void) {
  if (__atomic_sub_fetch(&mp_gate, 1, __ATOMIC_SEQ_CST) & MP_GATE_CLOSED) mp_futex_wake(&mp_gate, INT_MAX);
}

void mp_gate_expect(void) { mp_gate_enter(); }

void mp_gate_give_up(void) { mp_gate_leave(); }

void mp_gate_join(void) { mp_gate_member = 1; }

void mp_gate_part(void) {
  mp_gate_member = 0;
  mp_gate_leave();
}

void mp_gate_visit(void) {
  if (mp_gate_member++ == 0) mp_gate_enter();
}

void mp_gate_quit(void) {
  if (mp_gate_member > 0 && --mp_gate_member == 0) mp_gate_leave();
}

void mp_gate_sleep(void) {
  if (!mp_gate_member) return;
  int error = errno;
  mp_gate_leave();
  errno = error;
}

void mp_gate_wake(void) {
  if (!mp_gate_member) return;
  int error = errno;
  mp_gate_enter();
  errno = error;
}

static void mp_gate_close(void) {
  if (mp_gate_depth++ > 0) return;
  if (mp_gate_member) mp_gate_leave();
  pthread_mutex_lock(&mp_gate_keeper);
  uint64_t deadline = mp_monotonic_nanoseconds() + mp_gate_patience;
  uint32_t found = __atomic_or_fetch(&mp_gate, MP_GATE_CLOSED, __ATOMIC_SEQ_CST);
  while (found != MP_GATE_CLOSED && mp_futex_wait(&mp_gate, found, deadline) != ETIMEDOUT) {
    found = __atomic_load_n(&mp_gate, __ATOMIC_SEQ_CST);
  }
}

static void mp_gate_open(void) {
  if (--mp_gate_depth > 0) return;
  __atomic_and_fetch(&mp_gate, ~MP_GATE_CLOSED, __ATOMIC_SEQ_CST);
  mp_futex_wake(&mp_gate, INT_MAX);
  pthread_mutex_unlock(&mp_gate_keeper);
  if (mp_gate_member) mp_gate_enter();
}

/// In the copy, which has no other threads.
static void mp_gate_renew(void) {
  if (--mp_gate_depth > 0) return;
  mp_gate_member = 0;
  __atomic_store_n(&mp_gate, 0, __ATOMIC_SEQ_CST);
  pthread_mutex_unlock(&mp_gate_keeper);
}

__attribute__((constructor)) static void mp_gate_register(void) {
  pthread_atfork(mp_gate_close, mp_gate_open, mp_gate_renew);
}
