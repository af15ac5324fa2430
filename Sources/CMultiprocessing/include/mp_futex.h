/// Sleeping on a word of memory.
#ifndef MP_FUTEX_H
#define MP_FUTEX_H

#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

/// Sleeps while `*word == expected`, at most until `deadline` (CLOCK_MONOTONIC, nanoseconds; 0: for ever).
/// Returns 0 when woken or when the word differs, else the error number (ETIMEDOUT, EINTR).
int mp_futex_wait(uint32_t *_Nonnull word, uint32_t expected, uint64_t deadline);

/// Wakes at most `count` sleepers of this process.
void mp_futex_wake(uint32_t *_Nonnull word, int count);

/// CLOCK_MONOTONIC in nanoseconds.
uint64_t mp_monotonic_nanoseconds(void);

static inline uint32_t mp_load_acquire(const uint32_t *_Nonnull word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void mp_store_release(uint32_t *_Nonnull word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

MP_END

#endif
