/// Starting a program with exactly the descriptors named.
#ifndef MP_SPAWN_H
#define MP_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "mp_linkage.h"

MP_BEGIN

/// Executes `path` in a new process: a process group of its own, default signal dispositions, an empty mask, the
/// `count` descriptors as 0, 1, 2, … and no others. The child shares this process's memory until it executes
/// (glibc's `posix_spawn`), so the cost does not depend on the caller's size. `directory` may be NULL.
/// Returns 0 and sets `*id`, or the error number.
int mp_spawn(
    pid_t *_Nonnull id, const char *_Nonnull path, char *_Nullable const *_Nonnull arguments,
    char *_Nullable const *_Nonnull environment, const char *_Nullable directory, const int *_Nonnull descriptors,
    int count);

/// True when the file behind `descriptor` is the program this process runs, and not a loader that runs it.
int mp_is_own_executable(int descriptor);

/// The path the kernel executed, or NULL.
const char *_Nullable mp_executed_path(void);

MP_END

#endif
