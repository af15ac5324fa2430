#define _GNU_SOURCE
#include "mp_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mp_crash.h"
#include "mp_descriptor.h"
#include "mp_word.h"

static uint32_t mp_generation;

uint32_t mp_fork_generation(void) { return __atomic_load_n(&mp_generation, __ATOMIC_RELAXED); }

/// In the copy: gives up what belongs to the parent alone. Calls close only.
static void mp_after_fork(void) {
  mp_thread_memory_after_fork();
  __atomic_add_fetch(&mp_generation, 1, __ATOMIC_RELAXED);
  mp_private_close_all();
}

__attribute__((constructor)) static void mp_register_fork_handler(void) { pthread_atfork(NULL, NULL, mp_after_fork); }

pid_t mp_fork(void) {
  sigset_t all, before;
  struct mp_thread_memory memory;
  mp_thread_memory_find(&memory, 1);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = fork();
  int error = errno;
  if (pid == 0) mp_thread_memory_renew(&memory);
  if (pid != 0) pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return pid;
}

pid_t mp_clone_sibling(const struct mp_thread_memory *memory) {
  int *tid_address = NULL;
  void *robust_list = NULL;
  size_t robust_length = 0;
  if (prctl(PR_GET_TID_ADDRESS, &tid_address) != 0 || tid_address == NULL) return -1;
  syscall(SYS_get_robust_list, 0, &robust_list, &robust_length);
  // CHILD_SETTID keeps libc's cached thread id right: raise() and mutexes use it.
  long flags = CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
#if defined(__x86_64__)
  long pid = syscall(SYS_clone, flags, NULL, NULL, tid_address, NULL);
#else
  long pid = syscall(SYS_clone, flags, NULL, NULL, NULL, tid_address);
#endif
  if (pid == 0) {
    mp_thread_memory_renew(memory);
    if (robust_list != NULL) syscall(SYS_set_robust_list, robust_list, robust_length);
    // The caller moves the descriptors it keeps and closes the rest; none belongs to this process yet.
    __atomic_add_fetch(&mp_generation, 1, __ATOMIC_RELAXED);
    mp_private_forget();
    mp_forget_identity();
  }
  return (pid_t)pid;
}

int mp_collect_one(pid_t group) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int result;
  do {
    result = waitid(P_PGID, (id_t)group, &info, WEXITED | WNOHANG);
  } while (result != 0 && errno == EINTR);
  return result != 0 ? -1 : info.si_pid != 0;
}

int mp_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int mp_pidfd_signal(int pidfd, int number) { return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0); }

int mp_wait_exit(int pidfd, int keep, int *code, int *status, uint64_t *cpu_milliseconds) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  struct rusage usage;
  long result;
  memset(&usage, 0, sizeof usage);
  do {  // the system call itself: libc's waitid does not give the resource usage
    result = syscall(SYS_waitid, 3 /* P_PIDFD */, pidfd, &info, WEXITED | WNOHANG | (keep ? WNOWAIT : 0), &usage);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return -1;
  if (info.si_pid == 0) return 0;
  *cpu_milliseconds = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                      (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  *code = info.si_code;
  *status = info.si_status;
  return 1;
}

void mp_signals_reset(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; number++) {
    if (number != SIGKILL && number != SIGSTOP) sigaction(number, &action, NULL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

void mp_signal_block(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

void mp_signal_unblock(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void mp_rehearse_child(void) {
  struct sigaction action;
  struct rlimit limit;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_BLOCK, &none, NULL);
  sigaction(SIGCHLD, NULL, &action);
  setpgid(0, -1);
  dup2(-1, -1);
  close(-1);
  kill(0, -1);
  if (getrlimit(RLIMIT_CORE, &limit) == 0) setrlimit(RLIMIT_CORE, &limit);
  struct pollfd entry = {-1, 0, 0};
  poll(&entry, 1, 0);
  mp_lifeline_bind(-1, getpgrp());
  mp_crash_rehearse();
}

// volatile: else the compiler sees through it.
static void (*const volatile mp_exit_function)(int) = _exit;

void mp_exit_now(int code) {
  mp_exit_function(code);
  __builtin_unreachable();
}

int mp_keep_exit_statuses(void) {
  struct sigaction action;
  if (sigaction(SIGCHLD, NULL, &action) != 0) return 0;
  int ignored = !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_IGN;
  if (!ignored && !(action.sa_flags & SA_NOCLDWAIT)) return 0;
  if (ignored) action.sa_handler = SIG_DFL;
  action.sa_flags &= ~SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, NULL);
  return 1;
}

int mp_lifeline_copy(int pipe_descriptor) {
  // By hand: in a child just forked, formatting would be the first use of a dozen pages of libc.
  char path[40] = "/proc/self/fd/", digits[12];
  size_t length = strlen(path);
  int count = 0;
  for (int rest = pipe_descriptor; rest > 0 || count == 0; rest /= 10) digits[count++] = (char)('0' + rest % 10);
  while (count > 0) path[length++] = digits[--count];
  path[length] = 0;
  return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

int mp_lifeline_bind(int descriptor, pid_t owner) {
  if (fcntl(descriptor, F_SETOWN, owner) != 0 || fcntl(descriptor, F_SETSIG, SIGKILL) != 0) return -1;
  return fcntl(descriptor, F_SETFL, O_NONBLOCK | O_ASYNC);
}

/// A copy bound to `owner`. It stays open, close-on-exec, until this process ends.
static int mp_lifeline_open(int pipe_descriptor, pid_t owner) {
  int own = mp_lifeline_copy(pipe_descriptor);
  if (own < 0) return -1;
  own = mp_private_adopt(own);
  if (mp_lifeline_bind(own, owner) != 0) {
    mp_private_unmark(own);
    close(own);
    return -1;
  }
  return 0;
}

int mp_lifeline_arm(int pipe_descriptor) {
  if (mp_lifeline_open(pipe_descriptor, -getpgrp()) != 0) return -1;
  // And by process: a child that leaves its group is found all the same. The parent binds the inherited file too.
  if (mp_lifeline_bind(pipe_descriptor, getpid()) != 0) return -1;
  // The writer may have gone before the two lines above. Only the inherited file tells: one opened after the last
  // writer left never reports a hang-up.
  struct pollfd entry = {pipe_descriptor, POLLIN, 0};
  if (poll(&entry, 1, 0) > 0) kill(getpid(), SIGKILL);
  return 0;
}

int mp_memfd_create(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int mp_descriptors_arrange(const int *descriptors, int count, int first, int close_on_exec) {
  int above[300];
  if (count > 300) {
    errno = EMFILE;
    return -1;
  }
  // First all above the target range, so that none is overwritten before it is moved.
  for (int index = 0; index < count; index++) {
    above[index] = descriptors[index];
    if (above[index] >= first + count) continue;
    above[index] = fcntl(descriptors[index], F_DUPFD_CLOEXEC, first + count);
    if (above[index] < 0) return -1;
  }
  for (int index = 0; index < count; index++) {
    if (dup3(above[index], first + index, close_on_exec ? O_CLOEXEC : 0) < 0) return -1;
  }
  return mp_close_from(first + count);
}

int mp_close_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0) return 0;
#endif
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
  for (rlim_t number = (rlim_t)first; number < limit.rlim_cur; number++) close((int)number);
  return 0;
}

void mp_close_standard_input(void) {
  int opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (opened < 0) return;
  if (opened == 0) {
    fcntl(0, F_SETFD, 0);
    return;
  }
  dup2(opened, 0);
  close(opened);
}

void mp_buffer_lines(void) {
  static char buffer[65536];
  setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
  // glibc writes the very first text line by line; once the stream is in use, all lines of one call are one write.
  putc_unlocked(' ', stdout);
  __fpurge(stdout);
}

void mp_flush_streams(void) { fflush(NULL); }

void mp_set_thread_name(const char *name) { prctl(PR_SET_NAME, name); }

static int mp_limit(int resource, uint64_t soft, uint64_t hard) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0) return -1;
  if (limit.rlim_max == RLIM_INFINITY || hard < limit.rlim_max) limit.rlim_max = hard;
  limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
  return setrlimit(resource, &limit);
}

int mp_limit_data(uint64_t bytes) { return mp_limit(RLIMIT_DATA, bytes, bytes); }
int mp_limit_cpu_seconds(uint64_t soft, uint64_t hard) { return mp_limit(RLIMIT_CPU, soft, hard); }
int mp_limit_open_files(uint64_t count) { return mp_limit(RLIMIT_NOFILE, count, count); }
int mp_limit_core(uint64_t bytes) { return mp_limit(RLIMIT_CORE, bytes, bytes); }

int mp_core_pattern_is_pipe(void) {
  char first = 0;
  int file = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  if (read(file, &first, 1) != 1) first = 0;
  close(file);
  return first == '|';
}

static int mp_termination_descriptor = -1;

static void mp_on_termination(int number) {
  (void)number;
  int saved = errno;
  uint64_t one = 1;
  if (write(mp_termination_descriptor, &one, sizeof one) < 0) { /* already told */
  }
  errno = saved;
}

int mp_catch_termination(int descriptor) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  mp_termination_descriptor = descriptor;
  action.sa_handler = mp_on_termination;
  action.sa_flags = SA_RESTART;
  return sigaction(SIGTERM, &action, NULL);
}

void mp_user_and_group_ids(uint32_t *ids) {
  getresuid(&ids[0], &ids[1], &ids[2]);
  getresgid(&ids[3], &ids[4], &ids[5]);
}

uint64_t mp_environment_hash(void) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a over the strings with their ends, in their order
  for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
    for (const unsigned char *byte = (const unsigned char *)*entry;; byte++) {
      hash = (hash ^ *byte) * 0x100000001b3;
      if (*byte == 0) break;
    }
  }
  return hash;
}

void mp_environment_replace(const char *strings, uint64_t count) {
  static char *none[] = {NULL};
  clearenv();
  if (environ == NULL) environ = none;  // readers of environ expect a list
  for (uint64_t index = 0; index < count; index++) {
    size_t length = strlen(strings);
    char *copy = strdup(strings);
    if (copy != NULL && strchr(copy, '=') != NULL) putenv(copy);  // putenv keeps the copy
    strings += length + 1;
  }
}
