/// Entering a child: running the worker instead of the program's `main`.
///
/// glibc's start code calls `__libc_start_main(main, …)`. A weak definition of that name in the program (or in a
/// library loaded before libc) is called instead; it passes a `main` of ours to the real one. So the worker runs where
/// `main` would: after every constructor of every image, with Swift's metadata registered and libdispatch ready.
/// In a fully static executable libc's own definition wins; there a constructor first runs the constructors behind it
/// and then enters.
#ifndef MP_ENTRY_H
#define MP_ENTRY_H

#include "mp_linkage.h"

MP_BEGIN

/// Makes the loader look up all symbols at the start. With the marker's name as its value it is ours, and is removed.
#define MP_BIND_NOW "LD_BIND_NOW"
/// Environment variable that makes a start of this executable a child; its value is the kind of child.
#define MP_CHILD_MARKER "SWIFT_MULTIPROCESSING_CHILD"
/// First bytes of a child's page: what is on descriptor `MP_CHILD_PAGE` really is ours.
#define MP_PAGE_MAGIC 0x31656761505f706dULL

/// Descriptors of a child, the same numbers for every start method but fork.
enum { MP_CHILD_CHANNEL = 3, MP_CHILD_PAGE = 4, MP_CHILD_LIFELINE = 5, MP_CHILD_REGISTRY = 6 };

/// Kinds of child: values of the marker.
enum { MP_KIND_CHILD = 1, MP_KIND_SERVER = 2 };

/// Runs a spawned child on the main thread and does not return. Defined in Swift; weak, so that the C target
/// links alone.
extern void mp_child_main(void) __attribute__((weak));

/// `exit` for a child: the exit handlers of C and C++ run and the streams are flushed. Then the process is gone: the
/// destructor functions of its libraries (not of its objects) are left out, since running them makes the kernel copy
/// two pages for each library only to throw them away.
void mp_exit_child(int code) __attribute__((noreturn));

/// Enters by an explicit call, for platforms where neither way works. Returns at once in a process that is no child.
void mp_entry_bootstrap(void);

/// 1 where the program has libdispatch.
int mp_main_queue_exists(void);

/// Handle of libdispatch's main queue: an eventfd that is readable when the queue has work. -1 while there is no
/// descriptor for it. On the main thread only.
int mp_main_queue_handle(void);

/// Runs what is in the main queue, on the main thread.
void mp_main_queue_drain(void);

MP_END

#endif
