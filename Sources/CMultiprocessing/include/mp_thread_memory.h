/// Thread ids that code keeps in thread-local variables, made right in a forked copy.
///
/// Swift's `Mutex` and the runtime's `swift_once` on Linux lock by thread id, and each file that uses them keeps the id
/// of the calling thread in a thread-local variable of its own. A copy inherits these variables: its main thread would
/// lock with the id of a thread of another process. A lock that a second thread then waits for is never released, and
/// both threads spin (seen: two threads of a worker in `swift_once`). libdispatch keeps one too.
///
/// They are found by their value. What has the value without being one is left alone: variables that do not begin as 0,
/// and halves of addresses (0x55d2 and 0x7ff9, say, are the upper halves of most addresses of a process, and ids of
/// threads). In a copy made by fork, of a thread with a small id, they are found by the names that their symbols have in
/// the files of the images, where these are not stripped: a counter or flag of the program's own may have any small
/// value. The fork server runs none of the program's own code.
#ifndef MP_THREAD_MEMORY_H
#define MP_THREAD_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "mp_linkage.h"

MP_BEGIN

enum { MP_THREAD_BLOCKS = 256 };

/// A thread's variables of one image, and what the first of them began as; the others began as 0.
struct mp_thread_block {
  uint32_t *_Nonnull words;
  size_t count;
  const uint32_t *_Nonnull initial;
  size_t initial_count;
  /// Where in it ids are, by their names; -1: not known.
  const uint32_t *_Nullable places;
  int place_count;
};

/// The calling thread's variables in each loaded image, before a fork.
struct mp_thread_memory {
  pid_t thread;
  int by_name;
  int count;
  struct mp_thread_block blocks[MP_THREAD_BLOCKS];
};

/// Finds them. Here and not in the copy: the loader's list has a lock, which another thread may hold at the fork.
/// `knows_names`: those of a thread with a small id by their names.
void mp_thread_memory_find(struct mp_thread_memory *_Nonnull memory, int knows_names);

/// In a copy made by any fork: another thread may have been finding them.
void mp_thread_memory_after_fork(void);

/// In the copy: gives every variable that has the old id the copy's.
void mp_thread_memory_renew(const struct mp_thread_memory *_Nonnull memory);

MP_END

#endif
