/// What the running kernel and C library can do, found out by trying.
///
/// `syscall` is variadic and some constants are hidden without _GNU_SOURCE, so Swift cannot ask these itself. No call
/// here leaves a descriptor open. Each is safe from any thread.
#ifndef MP_PROBE_H
#define MP_PROBE_H

#include <errno.h>
#include <features.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "mp_linkage.h"

MP_BEGIN

// Numbers from 424 on are the same on every architecture; older headers lack them.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

/// The C library's version, or null where it is not glibc. Static storage.
static inline const char *_Nullable mp_glibc_version(void) {
#ifdef __GLIBC__
  return gnu_get_libc_version();
#else
  return NULL;
#endif
}

/// The number of CPUs this thread may run on, or -1 with errno set.
/// Asks the kernel itself: `sched_getaffinity` fails with EINVAL where there are more than 1024 CPUs.
static inline int mp_affinity_count(void) {
  uint64_t mask[1024];
  long length = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  if (length < 0) return -1;
  int count = 0;
  for (long word = 0; word < length / 8; word++) count += __builtin_popcountll(mask[word]);
  return count;
}

/// Which CPUs the calling thread may run on, one bit each. The bytes that were filled, or -1 with errno set.
static inline int mp_affinity_get(uint64_t *_Nonnull mask, uint64_t bytes) {
  return (int)syscall(SYS_sched_getaffinity, 0, bytes, mask);
}

/// Binds the calling thread, and those it starts from now on, to the CPUs of a mask. -1 with errno set on failure.
static inline int mp_affinity_set(const uint64_t *_Nonnull mask, uint64_t bytes) {
  return (int)syscall(SYS_sched_setaffinity, 0, bytes, mask);
}

/// True when a pidfd can be had: Linux 5.3, unless a sandbox forbids it.
static inline bool mp_probe_pidfd_open(void) {
  long descriptor = syscall(SYS_pidfd_open, (long)getpid(), 0L);
  if (descriptor < 0) return false;
  close((int)descriptor);
  return true;
}

/// True when anonymous shared memory can be had: Linux 3.17.
static inline bool mp_probe_memfd_create(void) {
  long descriptor = syscall(SYS_memfd_create, "mp_probe", 1L);  // MFD_CLOEXEC
  if (descriptor < 0) return false;
  close((int)descriptor);
  return true;
}

/// True when close_range exists: Linux 5.9. Closes the range of a number no descriptor can have.
static inline bool mp_probe_close_range(void) {
  return syscall(SYS_close_range, (unsigned long)UINT_MAX, (unsigned long)UINT_MAX, 0UL) == 0;
}

/// True when membarrier can be used across processes that share memory: MEMBARRIER_CMD_GLOBAL_EXPEDITED, Linux 4.16.
static inline bool mp_probe_membarrier(void) {
  long commands = syscall(SYS_membarrier, 0L, 0L, 0L);
  return commands > 0 && (commands & 2) != 0;
}

/// True when futex_waitv exists: Linux 5.16. An empty list is refused as invalid, after the call has been found.
static inline bool mp_probe_futex_waitv(void) {
  return syscall(SYS_futex_waitv, 0L, 0L, 0L, 0L, 0L) == -1 && errno == EINVAL;
}

MP_END

#endif
