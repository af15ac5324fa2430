/// One message with descriptors over a Unix socket.
#ifndef MP_MESSAGE_H
#define MP_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

#include "mp_linkage.h"

MP_BEGIN

/// Most descriptors of one message: the kernel's SCM_MAX_FD.
enum { MP_MESSAGE_DESCRIPTORS = 253 };

/// So many zero bytes stand behind the bytes of a message whose descriptors were refused, as far as there is room.
enum { MP_MESSAGE_ZEROS = 64 };

/// Sends `header` and `body` as one message with copies of `count` descriptors. Never raises SIGPIPE.
/// Returns the bytes sent, or -1 and errno.
ssize_t mp_message_send(
    int socket, const void *_Nonnull header, size_t header_length, const void *_Nullable body, size_t body_length,
    const int *_Nullable descriptors, int count, int dont_wait);

/// Receives one message into `buffer`. `*count` is the room in `descriptors` on entry and the number received on
/// return; they are close-on-exec. Returns the bytes received, 0 at the end of the stream, or -1 and errno;
/// EMSGSIZE when the message or its descriptors did not fit, EMFILE when this process has no room for them (what arrived
/// is closed; the bytes are in the buffer).
ssize_t mp_message_receive(
    int socket, void *_Nonnull buffer, size_t capacity, int *_Nonnull descriptors, int *_Nonnull count, int dont_wait);

MP_END

#endif
