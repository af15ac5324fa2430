/// Memory that several processes see: files in memory that cannot be cut short.
#ifndef MP_SHARED_H
#define MP_SHARED_H

#include <stddef.h>
#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

struct mp_shared_status {
  uint64_t device, inode;
  uint64_t born;        // nanoseconds; 0 where the system does not say. Inode numbers are used again after 2^32 files.
  int64_t byte_count;
  int is_regular;
};

/// A new memory file, close-on-exec, whose size may grow and never shrink (F_SEAL_SHRINK): no access to what lies
/// below its size can fail, whatever other processes do. -1 and errno.
int mp_shared_create(const char *_Nonnull name);

/// Nobody can seal the file against more from now on (F_SEAL_SEAL), nor, unless it `may_grow`, make it larger. 0, or -1
/// and errno.
int mp_shared_fix(int descriptor, int may_grow);

/// 1 when the file behind `descriptor` cannot shrink, 0 when it can, or is no memory file.
int mp_shared_is_sealed(int descriptor);

/// Gives the range memory of its own, and extends the file to its end. 0, or -1 and errno: ENOSPC, ENOMEM, EINTR
/// (nothing was reserved), EFBIG (above RLIMIT_FSIZE).
int mp_shared_reserve(int descriptor, int64_t offset, int64_t length);

/// Gives the pages that lie wholly in a piece of private or shared memory theirs, as a write to each would. The caller's errno
/// stays; where the system cannot, nothing happens.
void mp_memory_populate(void *_Nonnull start, size_t length);

/// Extends the file to `length` without giving it memory. 0, or -1 and errno: EFBIG (above RLIMIT_FSIZE).
int mp_shared_extend(int descriptor, int64_t length);

/// Takes the memory of a range back; it reads as zeros. The size stays. 0, or -1 and errno.
int mp_shared_punch(int descriptor, int64_t offset, int64_t length);

/// What the kernel knows of the file. 0, or -1 and errno.
int mp_shared_stat(int descriptor, struct mp_shared_status *_Nonnull status);

/// Opens the file behind `descriptor` anew, close-on-exec, with a shared lock on the new open file: whoever holds it, in
/// a descriptor, a mapping or a message, keeps the lock. -1 and errno where /proc is missing.
int mp_shared_lend(int descriptor);

/// The same for reading only, and without waiting: -1 also where somebody else has locked the file.
int mp_file_lend(int descriptor);

/// 1 when no file that one of these opened is held by anybody, 0 when one is, or when the system does not say.
/// Meanwhile lenders wait.
int mp_shared_is_returned(int descriptor);

/// A file without a name in the directory of named shared memory, close-on-exec. -1 and errno where there is none.
int mp_shared_open_unnamed(void);

/// Gives a file of `mp_shared_open_unnamed` its name; EEXIST when there is one already. 0, or -1 and errno.
int mp_shared_publish(int descriptor, const char *_Nonnull name);

/// How often this process has been at the beginning or the end of a fork in which it was the parent. Memory that was
/// allocated and freed at the same count is in no copy.
uint64_t mp_fork_count(void);

MP_END

#endif
