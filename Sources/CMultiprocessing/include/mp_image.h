/// Images (executable and libraries) of this process, and Swift types by their place in them.
#ifndef MP_IMAGE_H
#define MP_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

/// The longest build id kept: linkers write 8 to 20 bytes, 32 at the most.
enum { MP_BUILD_ID = 32 };

struct mp_image {
  uintptr_t bias;                // what the loader added to the file's addresses
  uintptr_t low, high;           // the range of loaded addresses, before the bias
  const char *_Nullable path;    // the loader's; empty for the main executable, valid while the image is loaded
  uint32_t build_id_length;      // 0: none
  uint8_t build_id[MP_BUILD_ID];
};

/// The image that holds `address`: its index, or -1 when none does. The loader lists the main executable first.
int mp_image_of_address(const void *_Nonnull address, struct mp_image *_Nonnull image);

/// The image at an index of the loader's list. 0, or -1 past its end.
int mp_image_at(int index, struct mp_image *_Nonnull image);

/// Build id of the ELF file behind `descriptor`, into `build_id` (room for MP_BUILD_ID). Its length, 0 for none, or -1.
int mp_file_build_id(int descriptor, uint8_t *_Nonnull build_id);

/// The descriptor of the nominal type behind a Swift metadata pointer, NULL unless it is a struct or enum that is not
/// generic. Layout: the Swift ABI's value metadata (kind, descriptor).
const void *_Nullable mp_type_descriptor(const void *_Nonnull metadata);

/// Metadata of the type with this descriptor, through the descriptor's own access function.
const void *_Nullable mp_type_metadata(const void *_Nonnull descriptor);

MP_END

#endif
