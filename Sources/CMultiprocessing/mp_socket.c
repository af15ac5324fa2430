#define _GNU_SOURCE
#include "mp_socket.h"

#include <fcntl.h>
#include <sys/socket.h>

enum { MP_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int mp_socket_accept(int listener, void *address, uint32_t *length) {
  socklen_t room = *length;
  int accepted = accept4(listener, address, &room, SOCK_NONBLOCK | SOCK_CLOEXEC);
  *length = room;
  return accepted;
}

int mp_socket_peer_user(int socket, uint32_t *user) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *user = peer.uid;
  return 0;
}

int mp_file_seal(int descriptor) { return fcntl(descriptor, F_ADD_SEALS, MP_SEALS | F_SEAL_SEAL); }

int mp_file_is_memory(int descriptor) { return fcntl(descriptor, F_GET_SEALS) >= 0; }

int mp_file_is_sealed(int descriptor) {
  int seals = fcntl(descriptor, F_GET_SEALS);
  return seals >= 0 && (seals & MP_SEALS) == MP_SEALS;
}
