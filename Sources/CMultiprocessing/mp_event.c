#define _GNU_SOURCE
#include "mp_event.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mp_gate.h"

enum { MP_EVENTS = 64 };

int mp_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int mp_epoll_add(int set, int descriptor, uint64_t key, int for_writing) {
  struct epoll_event event = {.events = for_writing ? EPOLLOUT : EPOLLIN, .data = {.u64 = key}};
  return epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event);
}

int mp_epoll_remove(int set, int descriptor) { return epoll_ctl(set, EPOLL_CTL_DEL, descriptor, NULL); }

int mp_epoll_wait(int set, uint64_t *keys, int milliseconds) {
  struct epoll_event events[MP_EVENTS];
  mp_gate_sleep();
  int count = epoll_wait(set, events, MP_EVENTS, milliseconds);
  mp_gate_wake();
  for (int index = 0; index < count; index++) keys[index] = events[index].data.u64;
  return count;
}

int mp_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int mp_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }
