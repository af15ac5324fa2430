#define _GNU_SOURCE
#include "mp_spawn.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "mp_image.h"

enum { MP_SPAWN_DESCRIPTORS = 300 };

/// Copies of the descriptors, all above the numbers they will get, so that none is overwritten before it is moved.
static int mp_lift(const int *descriptors, int count, int *lifted) {
  for (int index = 0; index < count; index++) {
    lifted[index] = fcntl(descriptors[index], F_DUPFD_CLOEXEC, count);
    if (lifted[index] >= 0) continue;
    int error = errno;
    while (index-- > 0) close(lifted[index]);
    return error;
  }
  return 0;
}

static int mp_attributes(posix_spawnattr_t *attributes) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  int error = posix_spawnattr_init(attributes);
  if (error != 0) return error;
  posix_spawnattr_setsigdefault(attributes, &all);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setpgroup(attributes, 0);
  return posix_spawnattr_setflags(
      attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

int mp_spawn(
    pid_t *id, const char *path, char *const *arguments, char *const *environment, const char *directory,
    const int *descriptors, int count) {
  int lifted[MP_SPAWN_DESCRIPTORS];
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (count > MP_SPAWN_DESCRIPTORS) return EMFILE;
  int error = mp_lift(descriptors, count, lifted);
  if (error != 0) return error;
  error = posix_spawn_file_actions_init(&actions);
  if (error == 0) error = mp_attributes(&attributes);
  for (int index = 0; index < count && error == 0; index++) {
    error = posix_spawn_file_actions_adddup2(&actions, lifted[index], index);
  }
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, count);
  if (error == 0 && directory != NULL) error = posix_spawn_file_actions_addchdir_np(&actions, directory);
  if (error == 0) error = posix_spawn(id, path, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  for (int index = 0; index < count; index++) close(lifted[index]);
  return error;
}

int mp_is_own_executable(int descriptor) {
  ElfW(Ehdr) header;
  struct mp_image image;
  uint8_t build_id[MP_BUILD_ID];
  int length = mp_file_build_id(descriptor, build_id);
  if (length < 0 || mp_image_at(0, &image) != 0) return 0;
  if ((uint32_t)length != image.build_id_length || memcmp(build_id, image.build_id, (size_t)length) != 0) return 0;
  if (pread(descriptor, &header, sizeof header, 0) != (ssize_t)sizeof header) return 0;
  return getauxval(AT_ENTRY) == image.bias + header.e_entry;
}

const char *mp_executed_path(void) { return (const char *)getauxval(AT_EXECFN); }
