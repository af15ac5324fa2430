/// Search for bytes at the speed of memory.
#ifndef MP_SEARCH_H
#define MP_SEARCH_H

#include <stddef.h>

#include "mp_linkage.h"

MP_BEGIN

/// The first place in the `length` bytes at `bytes` where the `pattern_length` bytes at `pattern` begin, or null.
/// Reads nothing beyond either length. (`memmem`, which Swift does not see: it is a GNU extension.)
const void *_Nullable mp_search(const void *_Nonnull bytes, size_t length, const void *_Nonnull pattern,
                                size_t pattern_length);

MP_END

#endif
