/// Atomic accesses to memory that several processes see, of one, two, four and eight bytes.
///
/// All are sequentially consistent. `word` is aligned to the size.
#ifndef MP_ATOMIC_H
#define MP_ATOMIC_H

#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

#define MP_ATOMIC(bits)                                                                                              \
  static inline uint##bits##_t mp_atomic_load_##bits(const void *_Nonnull word) {                                    \
    return __atomic_load_n((const uint##bits##_t *)word, __ATOMIC_SEQ_CST);                                          \
  }                                                                                                                  \
  static inline void mp_atomic_store_##bits(void *_Nonnull word, uint##bits##_t value) {                             \
    __atomic_store_n((uint##bits##_t *)word, value, __ATOMIC_SEQ_CST);                                               \
  }                                                                                                                  \
  static inline uint##bits##_t mp_atomic_add_##bits(void *_Nonnull word, uint##bits##_t value) {                     \
    return __atomic_fetch_add((uint##bits##_t *)word, value, __ATOMIC_SEQ_CST);                                      \
  }                                                                                                                  \
  static inline uint##bits##_t mp_atomic_and_##bits(void *_Nonnull word, uint##bits##_t value) {                     \
    return __atomic_fetch_and((uint##bits##_t *)word, value, __ATOMIC_SEQ_CST);                                      \
  }                                                                                                                  \
  static inline uint##bits##_t mp_atomic_or_##bits(void *_Nonnull word, uint##bits##_t value) {                      \
    return __atomic_fetch_or((uint##bits##_t *)word, value, __ATOMIC_SEQ_CST);                                       \
  }                                                                                                                  \
  static inline uint##bits##_t mp_atomic_exchange_##bits(void *_Nonnull word, uint##bits##_t value) {                \
    return __atomic_exchange_n((uint##bits##_t *)word, value, __ATOMIC_SEQ_CST);                                     \
  }                                                                                                                  \
  /* The value before: `expected` when the exchange took place. */                                                   \
  static inline uint##bits##_t mp_atomic_compare_exchange_##bits(                                                    \
      void *_Nonnull word, uint##bits##_t expected, uint##bits##_t desired) {                                        \
    __atomic_compare_exchange_n(                                                                                     \
        (uint##bits##_t *)word, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                          \
    return expected;                                                                                                 \
  }

MP_ATOMIC(8)
MP_ATOMIC(16)
MP_ATOMIC(32)
MP_ATOMIC(64)

#undef MP_ATOMIC

MP_END

#endif
