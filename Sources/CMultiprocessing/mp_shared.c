#define _GNU_SOURCE
#include "mp_shared.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

int mp_shared_create(const char *name) {
  int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return -1;
  if (fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK) == 0) return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

int mp_shared_fix(int descriptor, int may_grow) {
  return fcntl(descriptor, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | (may_grow ? 0 : F_SEAL_GROW));
}

int mp_shared_is_sealed(int descriptor) {
  int seals = fcntl(descriptor, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

/// 0, or -1 and EFBIG: the kernel would also send SIGXFSZ, which ends the process.
static int mp_shared_check_size(int64_t size) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || (uint64_t)size <= limit.rlim_cur) return 0;
  errno = EFBIG;
  return -1;
}

int mp_shared_reserve(int descriptor, int64_t offset, int64_t length) {
  enum { least = 1 << 18 };
  if (mp_shared_check_size(offset + length) != 0) return -1;
  // Linux before 6.11 gives up at any signal, and what it had reserved: under a timer's, a long call would never end.
  int64_t step = length;
  while (length > 0) {
    int64_t part = step < length ? step : length;
    if (fallocate(descriptor, 0, offset, part) == 0) {
      offset += part;
      length -= part;
    } else if (errno != EINTR) {
      return -1;
    } else if (step / 2 >= least) {
      step = step / 2 / least * least;
    }
  }
  return 0;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void mp_memory_populate(void *start, size_t length) {
  enum { huge = 2 << 20 };
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = ((uintptr_t)start + page - 1) & ~(page - 1);
  uintptr_t end = ((uintptr_t)start + length) & ~(page - 1);
  int before = errno;
  if (begin < end) {
    // A huge page is cleared and mapped at a tenth of what its 512 small ones cost.
    if (end - begin >= 2 * huge) madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
  }
  errno = before;
}

int mp_shared_extend(int descriptor, int64_t length) {
  if (mp_shared_check_size(length) != 0) return -1;
  return ftruncate(descriptor, length);
}

int mp_shared_punch(int descriptor, int64_t offset, int64_t length) {
  return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int mp_shared_stat(int descriptor, struct mp_shared_status *status) {
  struct statx found;
  unsigned wanted = STATX_TYPE | STATX_INO | STATX_SIZE | STATX_BTIME;
  if (statx(descriptor, "", AT_EMPTY_PATH, wanted, &found) != 0) return -1;
  int has_birth = (found.stx_mask & STATX_BTIME) != 0;
  status->device = (uint64_t)found.stx_dev_major << 32 | found.stx_dev_minor;
  status->inode = found.stx_ino;
  status->born = has_birth ? (uint64_t)found.stx_btime.tv_sec * 1000000000 + found.stx_btime.tv_nsec : 0;
  status->byte_count = (int64_t)found.stx_size;
  status->is_regular = S_ISREG(found.stx_mode);
  return 0;
}

/// The path under which /proc shows a descriptor of this process.
static void mp_descriptor_path(int descriptor, char path[40]) { snprintf(path, 40, "/proc/self/fd/%d", descriptor); }

static int mp_lend(int descriptor, int mode, int lock) {
  char path[40];
  mp_descriptor_path(descriptor, path);
  int opened = open(path, mode | O_CLOEXEC);
  if (opened < 0) return -1;
  int result;
  do result = flock(opened, lock);
  while (result != 0 && errno == EINTR);
  if (result == 0) return opened;
  int error = errno;
  close(opened);
  errno = error;
  return -1;
}

int mp_shared_lend(int descriptor) { return mp_lend(descriptor, O_RDWR, LOCK_SH); }

int mp_file_lend(int descriptor) { return mp_lend(descriptor, O_RDONLY, LOCK_SH | LOCK_NB); }

int mp_shared_is_returned(int descriptor) {
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) return 0;
  flock(descriptor, LOCK_UN);
  return 1;
}

int mp_shared_open_unnamed(void) { return open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); }

int mp_shared_publish(int descriptor, const char *name) {
  char from[40], to[300];
  mp_descriptor_path(descriptor, from);
  if (snprintf(to, sizeof to, "/dev/shm/%s", name) >= (int)sizeof to) {
    errno = ENAMETOOLONG;
    return -1;
  }
  return linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
}

static uint64_t mp_forks;

static void mp_count_fork(void) { __atomic_add_fetch(&mp_forks, 1, __ATOMIC_SEQ_CST); }

uint64_t mp_fork_count(void) { return __atomic_load_n(&mp_forks, __ATOMIC_SEQ_CST); }

__attribute__((constructor)) static void mp_register_fork_count(void) {
  pthread_atfork(mp_count_fork, mp_count_fork, NULL);
}
