/// Words of memory that several processes change: one atomic operation each, and the sleep on them.
///
/// All are sequentially consistent, loads too: who announces itself in one word and then looks at another must not miss
/// who does it the other way round. `mp_step` stands before each access in builds for tests: a process
/// can be made to die before its n-th.
#ifndef MP_WORD_H
#define MP_WORD_H

#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

static inline uint32_t mp_word_load(const uint32_t *_Nonnull word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
static inline void mp_word_store(uint32_t *_Nonnull word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}
static inline uint32_t mp_word_add(uint32_t *_Nonnull word, uint32_t value) {
  return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST);
}
/// Stores `desired` if the word is `expected`, and returns 1; else 0, and `expected` is what was found.
static inline int mp_word_exchange(uint32_t *_Nonnull word, uint32_t *_Nonnull expected, uint32_t desired) {
  return __atomic_compare_exchange_n(word, expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline uint64_t mp_long_load(const uint64_t *_Nonnull word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
static inline void mp_long_store(uint64_t *_Nonnull word, uint64_t value) {
  __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}
/// Without an order: for what only its writer acts on.
static inline uint64_t mp_long_load_relaxed(const uint64_t *_Nonnull word) {
  return __atomic_load_n(word, __ATOMIC_RELAXED);
}
static inline void mp_long_store_relaxed(uint64_t *_Nonnull word, uint64_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELAXED);
}
static inline int mp_long_exchange(uint64_t *_Nonnull word, uint64_t *_Nonnull expected, uint64_t desired) {
  return __atomic_compare_exchange_n(word, expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/// Tells the processor that this is a spinning loop.
static inline void mp_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/// Sleeps while both words have their expected values, in any process that maps them, at most until `deadline`
/// (CLOCK_MONOTONIC, nanoseconds; 0: for ever). Returns 0 when woken or when a word differs, else the error number:
/// ETIMEDOUT, EINTR, or, where the kernel refuses to sleep on several words, ENOSYS or EPERM.
int mp_shared_wait(
    uint32_t *_Nonnull const *_Nonnull words, const uint32_t *_Nonnull expected, int count, uint64_t deadline);

/// The same for one word, which every kernel can do.
int mp_shared_wait_one(uint32_t *_Nonnull word, uint32_t expected, uint64_t deadline);

/// Wakes at most `count` sleepers on the word, in all processes. Returns how many there were.
int mp_shared_wake(uint32_t *_Nonnull word, int count);

/// The id under which this process is in its tree's registry, 0 before its claim.
extern uint64_t mp_id;
static inline uint64_t mp_own_id(void) { return __atomic_load_n(&mp_id, __ATOMIC_ACQUIRE); }
void mp_own_id_set(uint64_t id);

/// Exchanges 0 for this process's id: 1 when that was done, 0 when the word is not 0 or there is no id.
static inline int mp_own_take(uint64_t *_Nonnull word) {
  uint64_t own = mp_own_id(), none = 0;
  return own != 0 && mp_long_exchange(word, &none, own);
}
/// Exchanges exactly this process's id for 0: 1 when that was done.
static inline int mp_own_release(uint64_t *_Nonnull word) {
  uint64_t own = mp_own_id();
  return own != 0 && mp_long_exchange(word, &own, 0);
}

/// The id that the process had from which this one was forked; 0 when it had none.
uint64_t mp_parent_id(void);
/// In a copy that libc's `fork` did not make: it is a process of its own, and has no id and no parent yet.
void mp_forget_identity(void);
/// The calling thread's number, 0 before somebody asks for it.
extern __thread uint32_t mp_thread;
/// Gives the calling thread its number.
uint32_t mp_thread_number_new(void);
/// A number of the calling thread that no other thread of this process has, or had: the kernel's are used again.
static inline uint32_t mp_thread_number(void) { return mp_thread != 0 ? mp_thread : mp_thread_number_new(); }

/// Whether this thread's last change of a shared word had to wake a sleeper; asking resets it.
int mp_has_woken(void);

/// Lets a signal, one that kills or stops, meet this process before its `count`-th step from now; 0: no more. For tests.
void mp_steps_arm(int count, int signal);
/// How many steps are left; 0 when none is armed.
int mp_steps_left(void);
/// One step.
void mp_step(void);

MP_END

#endif
