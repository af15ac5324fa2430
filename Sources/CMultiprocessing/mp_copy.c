#define _GNU_SOURCE
#include "mp_copy.h"

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "mp_crash.h"
#include "mp_process.h"

/// A stream that is close-on-exec is somebody's own descriptor, in a program that was started without that stream.
static void mp_complete_stream(int number) {
  int flags = fcntl(number, F_GETFD);
  if (flags >= 0 && !(flags & FD_CLOEXEC)) return;
  int opened = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (opened < 0) return;
  if (opened == number) {
    fcntl(number, F_SETFD, 0);
    return;
  }
  dup2(opened, number);
  close(opened);
}

int mp_copy_begin(const struct mp_copy *copy) {
  setpgid(0, 0);
  mp_signals_reset();
  struct mp_child_page *page = mp_child_page_map(copy->page);
  if (page == NULL || mp_lifeline_arm(copy->lifeline) != 0) return -1;
  if (copy->standard_error >= 0) dup2(copy->standard_error, STDERR_FILENO);
  mp_complete_stream(STDOUT_FILENO);
  mp_complete_stream(STDERR_FILENO);
  mp_crash_install(page);
  page->task = 1;
  mp_close_standard_input();
  mp_limit_core((uint64_t)copy->core_limit);
  return 0;
}
