/// The system's words for an error number.
#ifndef MP_ERROR_H
#define MP_ERROR_H

#include <stddef.h>

#include "mp_linkage.h"

MP_BEGIN

/// Writes them into `text`, cut to `capacity`; 0 where the system has some. Not called from Swift by its own name: where C++
/// is imported, `strerror_r` is another function.
int mp_error_text(int number, char *_Nonnull text, size_t capacity);

MP_END

#endif
