#define _GNU_SOURCE
#include "mp_server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mp_crash.h"
#include "mp_entry.h"
#include "mp_message.h"
#include "mp_process.h"

static uint8_t mp_started[MP_FRAME_BYTES], mp_failed[MP_FRAME_BYTES];
static uint8_t mp_request[65536];
static struct mp_thread_memory mp_memory;

static void *mp_prepare(void *unused) {
  if (mp_server_prepare != NULL) mp_server_prepare(mp_started, mp_failed);
  return unused;
}

/// Without a thread for it nothing is prepared, and nothing can be served: the requester is told by the end.
static void mp_prepare_apart(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, mp_prepare, NULL) != 0 || pthread_join(thread, NULL) != 0) _exit(78);
}

static void mp_tell(int channel, uint8_t *frame, int32_t number) {
  for (int byte = 0; byte < 4; byte++) frame[MP_FRAME_NUMBER + byte] = (uint8_t)((uint32_t)number >> (8 * byte));
  mp_message_send(channel, frame, MP_FRAME_BYTES, NULL, 0, NULL, 0, 0);
}

/// Notes in a child's page who it is. The requester has to collect it also when it never says a word.
static void mp_note_child(int page, pid_t pid) {
  int32_t number = pid;
  // The requester made the page and gave it its size: nothing is written short. A child that cannot be noted says itself.
  if (pwrite(page, &number, sizeof number, offsetof(struct mp_child_page, pid)) < 0) return;
}

static void mp_become_child(const int *descriptors, size_t length) {
  // The registry is the server's own: all its children are of one tree.
  int kept[] = {descriptors[2], descriptors[3], descriptors[4], MP_CHILD_REGISTRY};
  // While it is in the server's group, or else in its page, the requester finds it.
  mp_note_child(descriptors[3], getpid());
  setpgid(0, 0);
  // First of all who it is: the parent takes it on while the rest is done here.
  mp_tell(descriptors[2], mp_started, getpid());
  mp_signal_unblock(SIGINT);
  if (dup2(descriptors[0], STDOUT_FILENO) < 0 || dup2(descriptors[1], STDERR_FILENO) < 0 ||
      mp_descriptors_arrange(kept, sizeof kept / sizeof *kept, MP_CHILD_CHANNEL, 1) != 0) {
    mp_child_give_up(descriptors[3], MP_STEP_DESCRIPTORS);
  }
  mp_child_run(mp_request, length);
  _exit(70);
}

static void mp_answer(const int *descriptors, size_t length) {
  pid_t pid = mp_clone_sibling(&mp_memory);
  if (pid == 0) mp_become_child(descriptors, length);
  // The requester holds the other end; when it is gone, so are we at once.
  if (pid < 0) mp_tell(descriptors[2], mp_failed, errno);
  // Killed or stopped before its first act, it has not done so itself. The channel's end comes after this.
  if (pid > 0) mp_note_child(descriptors[3], pid);
}

void mp_server_run(void) {
  int descriptors[MP_MESSAGE_DESCRIPTORS];
  if (mp_lifeline_arm(MP_CHILD_LIFELINE) != 0 || mp_child_run == NULL) _exit(75);
  // Only its requester may end it: neither Ctrl-C nor a stray SIGINT. Blocked and not ignored, so that a SIGINT meant
  // for a new child waits until the child lets it through. All other signals are as the start of the server left them.
  mp_signal_block(SIGINT);
  mp_set_thread_name("mp-forkserver");
  mp_prepare_apart();
  mp_crash_prepare_thread();
  // The heap of this thread is given room for what a child receives, once.
  free(malloc(sizeof mp_request + sizeof mp_request / 2));
  mp_thread_memory_find(&mp_memory, 0);
  for (;;) {
    int count = MP_MESSAGE_DESCRIPTORS;
    ssize_t length = mp_message_receive(MP_CHILD_CHANNEL, mp_request, sizeof mp_request, descriptors, &count, 0);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) _exit(0);
    if (count == MP_SERVER_DESCRIPTORS) mp_answer(descriptors, (size_t)length);
    while (count > 0) close(descriptors[--count]);
  }
}
