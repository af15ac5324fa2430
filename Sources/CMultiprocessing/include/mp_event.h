/// The kernel's event interfaces, which Swift's Glibc module leaves out.
#ifndef MP_EVENT_H
#define MP_EVENT_H

#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

/// A new epoll set, close-on-exec, or -1 and errno.
int mp_epoll_create(void);

/// Adds `descriptor` for reading or writing, level-triggered, with `key`. 0, or -1 and errno.
int mp_epoll_add(int set, int descriptor, uint64_t key, int for_writing);

/// Removes `descriptor`. 0, or -1 and errno.
int mp_epoll_remove(int set, int descriptor);

/// Waits at most `milliseconds` (-1: for ever) and writes the keys of what is ready, at most 64. Their number; 0 at
/// the timeout; -1 and errno.
int mp_epoll_wait(int set, uint64_t *_Nonnull keys, int milliseconds);

/// A new eventfd, non-blocking and close-on-exec, or -1 and errno.
int mp_eventfd(void);

/// A new pipe, both ends close-on-exec. 0, or -1 and errno.
int mp_pipe(int *_Nonnull ends);

MP_END

#endif
