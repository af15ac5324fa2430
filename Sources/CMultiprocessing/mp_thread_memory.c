#define _GNU_SOURCE
#include "mp_thread_memory.h"

#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>

/// libdispatch's main queue, whose state has the id of the thread it is bound to; 30 bits of a word are the id.
extern uint32_t _dispatch_main_q[] __attribute__((weak));
enum { MP_MAIN_QUEUE_WORDS = 24, MP_THREAD_MASK = 0x3fffffff };

static int mp_add_image(struct dl_phdr_info *image, size_t size, void *argument) {
  struct mp_thread_memory *memory = argument;
  if (size < offsetof(struct dl_phdr_info, dlpi_tls_data) + sizeof image->dlpi_tls_data) return 1;
  if (image->dlpi_tls_data == NULL || memory->count == MP_THREAD_BLOCKS) return 0;
  for (int index = 0; index < image->dlpi_phnum; index++) {
    if (image->dlpi_phdr[index].p_type != PT_TLS) continue;
    uintptr_t start = ((uintptr_t)image->dlpi_tls_data + 3) & ~(uintptr_t)3;
    uintptr_t end = (uintptr_t)image->dlpi_tls_data + image->dlpi_phdr[index].p_memsz;
    if (end < start + sizeof(uint32_t)) continue;
    memory->blocks[memory->count].words = (uint32_t *)start;
    memory->blocks[memory->count].count = (end - start) / sizeof(uint32_t);
    memory->count++;
  }
  return 0;
}

void mp_thread_memory_find(struct mp_thread_memory *memory) {
  memory->thread = (pid_t)syscall(SYS_gettid);
  memory->count = 0;
  dl_iterate_phdr(mp_add_image, memory);
}

void mp_thread_memory_renew(const struct mp_thread_memory *memory) {
  uint32_t old = (uint32_t)memory->thread, own = (uint32_t)syscall(SYS_gettid);
  for (int block = 0; block < memory->count; block++) {
    for (size_t index = 0; index < memory->blocks[block].count; index++) {
      if (memory->blocks[block].words[index] == old) memory->blocks[block].words[index] = own;
    }
  }
  // libdispatch compares its variable with the queue: one must not change without the other.
  for (int index = 0; _dispatch_main_q != NULL && index < MP_MAIN_QUEUE_WORDS; index++) {
    uint32_t word = _dispatch_main_q[index];
    if ((word & MP_THREAD_MASK) == old) _dispatch_main_q[index] = (word & ~(uint32_t)MP_THREAD_MASK) | own;
  }
}
