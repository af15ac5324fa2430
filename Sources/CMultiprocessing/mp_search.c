#define _GNU_SOURCE
#include "mp_search.h"

#include <string.h>

const void *mp_search(const void *bytes, size_t length, const void *pattern, size_t pattern_length) {
  return memmem(bytes, length, pattern, pattern_length);
}
