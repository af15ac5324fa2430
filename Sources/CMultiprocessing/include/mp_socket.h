/// What Swift's Glibc module leaves out of sockets.
#ifndef MP_SOCKET_H
#define MP_SOCKET_H

#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

/// Accepts a connection: non-blocking, close-on-exec. Its descriptor, or -1 and errno. `*length` is the room for
/// `address` on entry, and what was written on return.
int mp_socket_accept(int listener, void *_Nonnull address, uint32_t *_Nonnull length);

/// The effective user of the peer of a Unix socket when it connected or began to listen. 0, or -1 and errno.
int mp_socket_peer_user(int socket, uint32_t *_Nonnull user);

/// Forbids every change of a memory file from now on. 0, or -1 and errno.
int mp_file_seal(int descriptor);

/// 1 when nobody can write to a memory file or change its size.
int mp_file_is_sealed(int descriptor);

/// 1 for a file in memory, which can be read without waiting for anybody.
int mp_file_is_memory(int descriptor);

MP_END

#endif
