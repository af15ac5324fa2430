#include "mp_descriptor.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { MP_WORDS = 1024 };
static uint64_t mp_private[MP_WORDS];
/// Words above were never used. A child that forgets the table touches no more of it than there is.
static int mp_private_words;

void mp_private_mark(int descriptor) {
  if (descriptor < 0 || descriptor >= MP_WORDS * 64) return;
  int words = descriptor / 64 + 1, known = __atomic_load_n(&mp_private_words, __ATOMIC_RELAXED);
  while (known < words && !__atomic_compare_exchange_n(
                              &mp_private_words, &known, words, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  __atomic_fetch_or(&mp_private[descriptor / 64], (uint64_t)1 << (descriptor % 64), __ATOMIC_RELAXED);
}

int mp_private_adopt(int descriptor) {
  if (descriptor >= 0 && descriptor <= STDERR_FILENO) {
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved >= 0) {
      close(descriptor);
      descriptor = moved;
    }
  }
  mp_private_mark(descriptor);
  return descriptor;
}

void mp_private_unmark(int descriptor) {
  if (descriptor < 0 || descriptor >= MP_WORDS * 64) return;
  __atomic_fetch_and(&mp_private[descriptor / 64], ~((uint64_t)1 << (descriptor % 64)), __ATOMIC_RELAXED);
}

void mp_private_close_all(void) {
  for (int word = 0; word < mp_private_words; word++) {
    uint64_t bits = mp_private[word];
    mp_private[word] = 0;
    while (bits != 0) {
      close(word * 64 + __builtin_ctzll(bits));
      bits &= bits - 1;
    }
  }
}

void mp_private_forget(void) { memset(mp_private, 0, sizeof *mp_private * (size_t)mp_private_words); }

int mp_private_is_marked(int descriptor) {
  if (descriptor < 0 || descriptor >= MP_WORDS * 64) return 0;
  return (int)(__atomic_load_n(&mp_private[descriptor / 64], __ATOMIC_RELAXED) >> (descriptor % 64) & 1);
}
