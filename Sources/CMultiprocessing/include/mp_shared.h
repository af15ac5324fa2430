/// Memory that several processes see: files in memory that cannot be cut short.
#ifndef MP_SHARED_H
#define MP_SHARED_H

#include <stdint.h>

/// A new memory file, close-on-exec, whose size may grow and never shrink (F_SEAL_SHRINK): no access to what lies
/// below its size can fail, whatever other processes do. -1 and errno.
int mp_shared_create(const char *_Nonnull name);

/// 1 when the file behind `descriptor` cannot shrink, 0 when it can, or is no memory file.
int mp_shared_is_sealed(int descriptor);

/// Gives the range memory of its own, and extends the file to its end. 0, or -1 and errno: ENOSPC, ENOMEM, EINTR
/// (nothing was reserved).
int mp_shared_reserve(int descriptor, int64_t offset, int64_t length);

#endif
