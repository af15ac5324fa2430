#define _GNU_SOURCE
#include "mp_thread_memory.h"

#include <link.h>
#include <string.h>
#include <sys/mman.h>
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
    size_t skipped = start - (uintptr_t)image->dlpi_tls_data, given = image->dlpi_phdr[index].p_filesz;
    struct mp_thread_block *block = &memory->blocks[memory->count++];
    block->words = (uint32_t *)start;
    block->count = (end - start) / sizeof(uint32_t);
    block->initial = (const uint32_t *)(image->dlpi_addr + image->dlpi_phdr[index].p_vaddr + skipped);
    block->initial_count = given > skipped ? (given - skipped + sizeof(uint32_t) - 1) / sizeof(uint32_t) : 0;
  }
  return 0;
}

static int mp_is_mapped(uint64_t address) {
  unsigned char resident;
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  return mincore((void *)(uintptr_t)(address & ~(page - 1)), 1, &resident) == 0;
}

/// Whether the word is half of an address. The upper halves of a process's addresses are few, and numbers that thread ids
/// have too.
static int mp_is_half_of_address(const uint32_t *word) {
  uint64_t pair;
  memcpy(&pair, (const void *)((uintptr_t)word & ~(uintptr_t)7), sizeof pair);
  if (pair >> 32 == 0 || pair >> 32 == (pair & UINT32_MAX)) return 0;
  // Also one behind the end of a mapping.
  return mp_is_mapped(pair) || mp_is_mapped(pair - 1);
}

/// Whether a word that has the old id has it because it is one: these variables begin as 0.
static int mp_is_thread_id(const struct mp_thread_block *block, size_t index) {
  if (index < block->initial_count && block->initial[index] != 0) return 0;
  return !mp_is_half_of_address(&block->words[index]);
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
      const struct mp_thread_block *found = &memory->blocks[block];
      if (found->words[index] == old && mp_is_thread_id(found, index)) found->words[index] = own;
    }
  }
  // libdispatch compares its variable with the queue: one must not change without the other.
  // The id is in the lower half of its state.
  for (int index = 0; _dispatch_main_q != NULL && index < MP_MAIN_QUEUE_WORDS; index += 2) {
    uint32_t word = _dispatch_main_q[index];
    if ((word & MP_THREAD_MASK) != old || mp_is_half_of_address(&_dispatch_main_q[index])) continue;
    _dispatch_main_q[index] = (word & ~(uint32_t)MP_THREAD_MASK) | own;
  }
}
