/// Where the variables for thread ids are in an image's thread-local memory, by the names that their symbols have in its
/// file (see `mp_thread_memory.h`).
///
/// The file is read rather than mapped: one that is cut short meanwhile would end the reader with SIGBUS.
#ifndef MP_ID_PLACES_H
#define MP_ID_PLACES_H

#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

enum { MP_ID_PLACES = 4096 };

/// Offsets in the image's segment of thread-local variables.
struct mp_id_places {
  int count;
  uint32_t offsets[MP_ID_PLACES];
};

/// Reads the symbols of the file at `path`, of the image whose segment of thread-local variables is `loaded` (an ElfW(Phdr)).
/// -1 where there are none, too many, or the file is another than the one that was loaded.
int mp_id_places_find(const char *_Nonnull path, const void *_Nonnull loaded, struct mp_id_places *_Nonnull places);

/// What is known of an image.
struct mp_known_places {
  int count;
  const uint32_t *_Nonnull offsets;
};

/// The same for an image loaded at `image`, whose file is read once. Null: not known. One caller at a time; what it gives
/// stays as it is.
const struct mp_known_places *_Nullable mp_id_places_known(
    uintptr_t image, const char *_Nonnull path, const void *_Nonnull loaded);

MP_END

#endif
