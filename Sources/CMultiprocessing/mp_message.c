#define _GNU_SOURCE
#include "mp_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t mp_message_send(
    int socket, const void *header, size_t header_length, const void *body, size_t body_length,
    const int *descriptors, int count, int dont_wait) {
  struct iovec parts[2] = {{(void *)header, header_length}, {(void *)body, body_length}};
  union {
    char bytes[CMSG_SPACE(sizeof(int) * MP_MESSAGE_DESCRIPTORS)];
    struct cmsghdr alignment;
  } control;
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = body_length > 0 ? 2 : 1};
  if (count < 0 || count > MP_MESSAGE_DESCRIPTORS) {
    errno = EINVAL;
    return -1;
  }
  if (count > 0) {
    size_t length = sizeof(int) * (size_t)count;
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(length);
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(part), descriptors, length);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL | (dont_wait ? MSG_DONTWAIT : 0));
}

ssize_t mp_message_receive(
    int socket, void *buffer, size_t capacity, int *descriptors, int *count, int dont_wait) {
  struct iovec part = {buffer, capacity};
  union {
    char bytes[CMSG_SPACE(sizeof(int) * MP_MESSAGE_DESCRIPTORS)];
    struct cmsghdr alignment;
  } control;
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  int room = *count, received = 0, overflow = 0;
  *count = 0;
  ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (dont_wait ? MSG_DONTWAIT : 0));
  if (length < 0) return -1;
  for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item != NULL; item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    int total = (int)((item->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    for (int index = 0; index < total; index++) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(item) + sizeof(int) * (size_t)index, sizeof descriptor);
      if (received < room) {
        descriptors[received++] = descriptor;
      } else {
        close(descriptor);
        overflow = 1;
      }
    }
  }
  if (overflow || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    while (received > 0) close(descriptors[--received]);
    // There is room for all that a message can have: the kernel drops what this process may not open any more.
    errno = !overflow && (message.msg_flags & MSG_CTRUNC) != 0 ? EMFILE : EMSGSIZE;
    size_t rest = capacity - (size_t)length;
    memset((char *)buffer + length, 0, rest < MP_MESSAGE_ZEROS ? rest : MP_MESSAGE_ZEROS);
    return -1;
  }
  *count = received;
  return length;
}
