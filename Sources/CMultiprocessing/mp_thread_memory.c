#define _GNU_SOURCE
#include "mp_thread_memory.h"

#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mp_id_places.h"

/// libdispatch's main queue, whose state has the id of the thread it is bound to; 30 bits of a word are the id.
extern uint32_t _dispatch_main_q[] __attribute__((weak));
enum { MP_MAIN_QUEUE_WORDS = 24, MP_THREAD_MASK = 0x3fffffff };

/// Ids below are numbers that any counter or flag may have, 1 above all, which a container's first process has: there, the
/// variables are known by their names.
enum { MP_LEAST_TELLING = 1024 };

static int mp_is_of_swift(const char *path) {
  return strstr(path, "libswift") != NULL || strstr(path, "libdispatch") != NULL || strstr(path, "libFoundation") != NULL;
}

/// The images whose variables are to be known by their names. Filled under the loader's lock, so no more than noted there;
/// the files are read after.
static struct {
  pthread_mutex_t lock;
  int count;
  size_t used;
  char paths[1 << 15];
  struct {
    int block;
    uintptr_t image;
    ElfW(Phdr) segment;
    const char *path;
  } images[MP_THREAD_BLOCKS];
} mp_named = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void mp_note_image(int block, uintptr_t image, const ElfW(Phdr) * segment, const char *path) {
  size_t length = strlen(path) + 1;
  if (length > sizeof mp_named.paths - mp_named.used) return;
  int index = mp_named.count++;
  mp_named.images[index].block = block;
  mp_named.images[index].image = image;
  mp_named.images[index].segment = *segment;
  mp_named.images[index].path = memcpy(mp_named.paths + mp_named.used, path, length);
  mp_named.used += length;
}

static void mp_look_up_names(struct mp_thread_memory *memory) {
  for (int index = 0; index < mp_named.count; index++) {
    const struct mp_known_places *known =
        mp_id_places_known(mp_named.images[index].image, mp_named.images[index].path, &mp_named.images[index].segment);
    if (known == NULL) continue;
    memory->blocks[mp_named.images[index].block].places = known->offsets;
    memory->blocks[mp_named.images[index].block].place_count = known->count;
  }
}

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
    block->place_count = -1;
    if (!memory->by_name) continue;
    const char *path = image->dlpi_name != NULL && *image->dlpi_name != 0 ? image->dlpi_name : "/proc/self/exe";
    // Without symbols: by value in what may have such variables, not at all in libc and the like.
    if (path == image->dlpi_name && !mp_is_of_swift(path)) block->place_count = 0;
    if (skipped == 0) mp_note_image(memory->count - 1, image->dlpi_addr, &image->dlpi_phdr[index], path);
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

void mp_thread_memory_find(struct mp_thread_memory *memory, int knows_names) {
  memory->thread = (pid_t)syscall(SYS_gettid);
  memory->count = 0;
  memory->by_name = knows_names && memory->thread < MP_LEAST_TELLING;
  if (!memory->by_name) {
    dl_iterate_phdr(mp_add_image, memory);
    return;
  }
  pthread_mutex_lock(&mp_named.lock);
  mp_named.count = 0;
  mp_named.used = 0;
  dl_iterate_phdr(mp_add_image, memory);
  mp_look_up_names(memory);
  pthread_mutex_unlock(&mp_named.lock);
}

void mp_thread_memory_after_fork(void) { pthread_mutex_init(&mp_named.lock, NULL); }

static void mp_renew_block(const struct mp_thread_block *block, uint32_t old, uint32_t own) {
  for (size_t index = 0; block->place_count < 0 && index < block->count; index++) {
    if (block->words[index] == old && mp_is_thread_id(block, index)) block->words[index] = own;
  }
  for (int place = 0; place < block->place_count; place++) {
    size_t index = block->places[place] / sizeof(uint32_t);
    if (index < block->count && block->words[index] == old) block->words[index] = own;
  }
}

void mp_thread_memory_renew(const struct mp_thread_memory *memory) {
  uint32_t old = (uint32_t)memory->thread, own = (uint32_t)syscall(SYS_gettid);
  for (int block = 0; block < memory->count; block++) mp_renew_block(&memory->blocks[block], old, own);
  // libdispatch compares its variable with the queue: one must not change without the other. The id is the lower half of
  // the queue's state, whose upper half has the queue's width in its highest bits; addresses and counters have none there.
  for (int index = 0; _dispatch_main_q != NULL && index < MP_MAIN_QUEUE_WORDS; index += 2) {
    uint32_t word = _dispatch_main_q[index];
    if ((word & MP_THREAD_MASK) != old || _dispatch_main_q[index + 1] >> 16 == 0) continue;
    _dispatch_main_q[index] = (word & ~(uint32_t)MP_THREAD_MASK) | own;
  }
}
