/// The fork server: a process that does nothing but make copies of itself.
///
/// Its main thread runs C alone, so that the thread-local variables that each child inherits are as at the start of a
/// program, but for thread ids that the libraries' constructors noted (`mp_thread_memory.h`). What every child would do
/// at its start is done once on another thread, which is gone before the first copy is made.
#ifndef MP_SERVER_H
#define MP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

enum {
  /// Head of a frame on a child's channel, and where its number is: a process id or an error, little-endian.
  MP_FRAME_BYTES = 40,
  MP_FRAME_NUMBER = 4,
  /// Descriptors of a request: standard output, standard error, channel, page, lifeline.
  MP_SERVER_DESCRIPTORS = 5,
};

/// Serves requests on the channel until the requester is gone. Called where `main` would run.
void mp_server_run(void) __attribute__((noreturn));

/// Prepares on a thread of its own, and gives the heads of the frames that say "started" and "not started". Defined in
/// Swift; weak, so that the C target links alone.
extern void mp_server_prepare(uint8_t *_Nonnull started, uint8_t *_Nonnull failed) __attribute__((weak));

/// Runs a child that was cloned for a request of these bytes, and does not return. Defined in Swift.
extern void mp_child_run(const uint8_t *_Nonnull request, size_t length) __attribute__((weak));

MP_END

#endif
