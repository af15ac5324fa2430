#define _GNU_SOURCE
#include "mp_thread_memory.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// libdispatch's main queue, whose state has the id of the thread it is bound to; 30 bits of a word are the id.
extern uint32_t _dispatch_main_q[] __attribute__((weak));
enum { MP_MAIN_QUEUE_WORDS = 24, MP_THREAD_MASK = 0x3fffffff };

/// Ids below are numbers that any counter or flag may have, 1 above all, which a container's first process has: there, the
/// variables are known by their names.
enum { MP_LEAST_TELLING = 1024 };

static int mp_names_id(const char *name) {
  return strstr(name, "gettid") != NULL || strstr(name, "get_tid") != NULL || strcmp(name, "__dispatch_tsd") == 0;
}

static int mp_is_of_swift(const char *path) {
  return strstr(path, "libswift") != NULL || strstr(path, "libdispatch") != NULL || strstr(path, "libFoundation") != NULL;
}

static int mp_fits(uint64_t offset, uint64_t length, uint64_t size) { return offset <= size && length <= size - offset; }

/// Notes the places of variables with such names, from one table of symbols.
static int mp_note_symbols(
    const char *file, uint64_t size, const ElfW(Shdr) * table, const ElfW(Shdr) * names, struct mp_id_places *places) {
  if (!mp_fits(table->sh_offset, table->sh_size, size) || !mp_fits(names->sh_offset, names->sh_size, size)) return -1;
  if (names->sh_size == 0 || file[names->sh_offset + names->sh_size - 1] != 0) return -1;
  for (uint64_t at = 0; at + sizeof(ElfW(Sym)) <= table->sh_size; at += sizeof(ElfW(Sym))) {
    ElfW(Sym) symbol;
    memcpy(&symbol, file + table->sh_offset + at, sizeof symbol);
    if ((symbol.st_info & 0xf) != STT_TLS || symbol.st_shndx == SHN_UNDEF || symbol.st_name >= names->sh_size) continue;
    if (!mp_names_id(file + names->sh_offset + symbol.st_name)) continue;
    if (places->count == MP_ID_PLACES) return -1;
    places->offsets[places->count++] = (uint32_t)symbol.st_value;
  }
  return 0;
}

/// The same from a whole file; -1 for one without names, or of another image than the one that is loaded.
static int mp_note_file(const char *file, uint64_t size, const ElfW(Phdr) * loaded, struct mp_id_places *places) {
  ElfW(Ehdr) head;
  if (size < sizeof head) return -1;
  memcpy(&head, file, sizeof head);
  if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_shentsize != sizeof(ElfW(Shdr)) ||
      head.e_phentsize != sizeof(ElfW(Phdr)) || !mp_fits(head.e_shoff, (uint64_t)head.e_shnum * sizeof(ElfW(Shdr)), size) ||
      !mp_fits(head.e_phoff, (uint64_t)head.e_phnum * sizeof(ElfW(Phdr)), size) || head.e_shoff % 8 != 0 ||
      head.e_phoff % 8 != 0)
    return -1;
  const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(file + head.e_phoff);
  const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(file + head.e_shoff);
  int same = 0, found = -1;
  for (int index = 0; index < head.e_phnum; index++) {
    if (segments[index].p_type == PT_TLS) same = memcmp(&segments[index], loaded, sizeof *loaded) == 0;
  }
  for (int index = 0; same && index < head.e_shnum; index++) {
    const ElfW(Shdr) *table = &sections[index];
    if (table->sh_type != SHT_SYMTAB || table->sh_link >= head.e_shnum) continue;
    found = mp_note_symbols(file, size, table, &sections[table->sh_link], places);
    if (found != 0) return -1;
  }
  return found;
}

int mp_id_places_find(const char *path, const void *loaded, struct mp_id_places *places) {
  places->count = 0;
  int opened = open(path, O_RDONLY | O_CLOEXEC), result = -1;
  struct stat status;
  if (opened < 0) return -1;
  if (fstat(opened, &status) == 0 && status.st_size > 0) {
    void *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, opened, 0);
    if (file != MAP_FAILED) {
      result = mp_note_file(file, (uint64_t)status.st_size, loaded, places);
      munmap(file, (size_t)status.st_size);
    }
  }
  close(opened);
  return result;
}

/// What was found in the files of images, once each. Who finds it locked does without: a copy may have it so for ever.
static struct {
  pthread_mutex_t lock;
  struct mp_id_places scratch;
  uint32_t offsets[4 * MP_ID_PLACES];
  int used, count;
  struct {
    uintptr_t image;
    const uint32_t *offsets;
    int count;
  } known[MP_THREAD_BLOCKS];
} mp_ids = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void mp_learn(uintptr_t image, const char *path, const void *loaded) {
  if (mp_ids.count == MP_THREAD_BLOCKS) return;
  int found = mp_id_places_find(path, loaded, &mp_ids.scratch);
  int count = found == 0 ? mp_ids.scratch.count : -1;
  uint32_t *offsets = mp_ids.offsets + mp_ids.used;
  if (count > 4 * MP_ID_PLACES - mp_ids.used) count = -1;
  for (int index = 0; index < count; index++) offsets[index] = mp_ids.scratch.offsets[index];
  if (count > 0) mp_ids.used += count;
  mp_ids.known[mp_ids.count].image = image;
  mp_ids.known[mp_ids.count].offsets = offsets;
  mp_ids.known[mp_ids.count++].count = count;
}

/// The places of the variables of an image by their names; -1: not known.
static int mp_places(uintptr_t image, const char *path, const void *loaded, const uint32_t **offsets) {
  if (pthread_mutex_trylock(&mp_ids.lock) != 0) return -1;
  int index = 0, count = -1;
  while (index < mp_ids.count && mp_ids.known[index].image != image) index++;
  if (index == mp_ids.count) mp_learn(image, path, loaded);
  if (index < mp_ids.count) {
    count = mp_ids.known[index].count;
    *offsets = mp_ids.known[index].offsets;
  }
  pthread_mutex_unlock(&mp_ids.lock);
  return count;
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
    if (memory->thread >= MP_LEAST_TELLING || !memory->knows_names || skipped != 0) continue;
    const char *path = image->dlpi_name != NULL && *image->dlpi_name != 0 ? image->dlpi_name : "/proc/self/exe";
    block->place_count = mp_places(image->dlpi_addr, path, &image->dlpi_phdr[index], &block->places);
    // Without symbols: by value in what may have such variables, not at all in libc and the like.
    if (block->place_count < 0 && path == image->dlpi_name && !mp_is_of_swift(path)) block->place_count = 0;
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
  memory->knows_names = knows_names;
  memory->count = 0;
  dl_iterate_phdr(mp_add_image, memory);
}

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
