#define _GNU_SOURCE
#include "mp_entry.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mp_server.h"

extern int _dispatch_get_main_queue_handle_4CF(void) __attribute__((weak));
extern void _dispatch_main_queue_callback_4CF(void *unused) __attribute__((weak));

int mp_main_queue_handle(void) {
  static int handle = -1;
  if (handle >= 0 || _dispatch_get_main_queue_handle_4CF == NULL) return handle;
  // libdispatch ends the process when it finds no descriptor for the handle: is there one?
  int room = eventfd(0, EFD_CLOEXEC);
  if (room < 0) return -1;
  close(room);
  return handle = _dispatch_get_main_queue_handle_4CF();
}

int mp_main_queue_exists(void) { return _dispatch_get_main_queue_handle_4CF != NULL; }

void mp_main_queue_drain(void) {
  uint64_t count;
  if (read(mp_main_queue_handle(), &count, sizeof count) < 0) { /* woken for nothing: looking costs little */
  }
  if (_dispatch_main_queue_callback_4CF) _dispatch_main_queue_callback_4CF(NULL);
}

/// A marker in the environment is believed only with the descriptors that come with it: a program that merely
/// inherited the variable runs its own `main`.
static int mp_is_child(void) {
  uint64_t magic = 0;
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt(MP_CHILD_CHANNEL, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_SEQPACKET) return 0;
  return pread(MP_CHILD_PAGE, &magic, sizeof magic, 0) == sizeof magic && magic == MP_PAGE_MAGIC;
}

void mp_entry_bootstrap(void) {
  const char *marker = getenv(MP_CHILD_MARKER);
  if (marker == NULL) return;
  int kind = atoi(marker);
  unsetenv(MP_CHILD_MARKER);
  const char *bind_now = getenv(MP_BIND_NOW);
  if (bind_now != NULL && strcmp(bind_now, MP_CHILD_MARKER) == 0) unsetenv(MP_BIND_NOW);
  if ((kind != MP_KIND_CHILD && kind != MP_KIND_SERVER) || mp_child_main == NULL || !mp_is_child()) return;
  // Programs that the child starts are not to have them.
  for (int number = MP_CHILD_CHANNEL; number <= MP_CHILD_REGISTRY; number++) fcntl(number, F_SETFD, FD_CLOEXEC);
  if (kind == MP_KIND_SERVER) mp_server_run();
  mp_child_main();
  _exit(70);
}

#if defined(__linux__) && defined(__GLIBC__)

typedef int (*mp_main_function)(int, char **, char **);
typedef void (*mp_array_function)(int, char **, char **);
typedef int (*mp_start_function)(
    mp_main_function, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

static mp_main_function mp_real_main;
static void (*mp_real_loader_fini)(void);
static int mp_child_code = -1;

/// The last of the exit handlers, because it is the first registered.
static void mp_loader_fini(void) {
  if (mp_child_code >= 0) {
    fflush(NULL);
    _exit(mp_child_code);
  }
  if (mp_real_loader_fini != NULL) mp_real_loader_fini();
}

static int mp_main(int argc, char **argv, char **environment) {
  mp_entry_bootstrap();
  return mp_real_main(argc, argv, environment);
}

static int mp_start_main(
    mp_main_function main_function, int argc, char **argv, void (*init)(void), void (*fini)(void),
    void (*loader_fini)(void), void *stack_end) {
  mp_start_function real = (mp_start_function)dlsym(RTLD_NEXT, "__libc_start_main");
  if (real == NULL) _exit(71);
  mp_real_main = main_function;
  mp_real_loader_fini = loader_fini;
  return real(mp_main, argc, argv, init, fini, loader_fini == NULL ? NULL : mp_loader_fini, stack_end);
}

// Weak: a strong definition is a duplicate symbol in a fully static executable.
__attribute__((weak, used, visibility("default"), alias("mp_start_main"))) int __libc_start_main(
    mp_main_function, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

void mp_exit_child(int code) {
  mp_child_code = code & 0xff;
  exit(code);
}

extern mp_array_function __init_array_start[] __attribute__((weak, visibility("hidden")));
extern mp_array_function __init_array_end[] __attribute__((weak, visibility("hidden")));

/// Compares addresses and not what `mp_start_main` did: a shared library's constructors run before `_start`.
__attribute__((constructor(65535), used)) static void mp_enter_from_constructor(
    int argc, char **argv, char **environment) {
  if (getenv(MP_CHILD_MARKER) == NULL || (void *)__libc_start_main == (void *)mp_start_main) return;
  if (__init_array_start == NULL) return;
  size_t count = (size_t)(__init_array_end - __init_array_start), index = 0;
  while (index < count && __init_array_start[index] != mp_enter_from_constructor) index++;
  if (index == count) return;
  for (index++; index < count; index++) __init_array_start[index](argc, argv, environment);
  mp_entry_bootstrap();
}

#else

void mp_exit_child(int code) { exit(code); }

__attribute__((constructor(65535), used)) static void mp_enter_from_constructor(void) { mp_entry_bootstrap(); }

#endif
