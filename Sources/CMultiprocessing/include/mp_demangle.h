/// The Swift runtime's demangler, which has no declaration in a header of the toolchain.
#ifndef MP_DEMANGLE_H
#define MP_DEMANGLE_H

#include <stddef.h>
#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

/// Exported by libswiftCore, dynamic or static. With a null output buffer it allocates the result.
extern char *_Nullable swift_demangle(const char *_Nonnull name, size_t length, char *_Nullable output,
                                      size_t *_Nullable output_size, uint32_t flags);

/// The readable form of `length` bytes at `name`, or null when they are not a mangled Swift name.
/// The caller frees the result.
static inline char *_Nullable mp_swift_demangle(const char *_Nonnull name, size_t length) {
  return swift_demangle(name, length, NULL, NULL, 0);
}

MP_END

#endif
