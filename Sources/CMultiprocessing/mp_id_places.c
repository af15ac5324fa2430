#define _GNU_SOURCE
#include "mp_id_places.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// More than any table of symbols; a damaged file may claim to have more.
enum { MP_LARGEST_TABLE = 1 << 28, MP_KNOWN_IMAGES = 256 };

static int mp_names_id(const char *name) {
  return strstr(name, "gettid") != NULL || strstr(name, "get_tid") != NULL || strcmp(name, "__dispatch_tsd") == 0;
}

/// A part of the file, to be freed; NULL where the file is shorter.
static void *mp_read_part(int file, uint64_t offset, uint64_t size) {
  if (size == 0 || size > MP_LARGEST_TABLE || offset > INT64_MAX - size) return NULL;
  char *part = malloc(size);
  uint64_t got = 0;
  while (part != NULL && got < size) {
    ssize_t count = pread(file, part + got, size - got, (off_t)(offset + got));
    if (count <= 0) break;
    got += (uint64_t)count;
  }
  if (got == size) return part;
  free(part);
  return NULL;
}

/// Notes the places of variables with such names, from one table of symbols.
static int mp_note_symbols(
    const ElfW(Sym) * symbols, uint64_t count, const char *names, uint64_t length, struct mp_id_places *places) {
  if (names[length - 1] != 0) return -1;
  for (uint64_t index = 0; index < count; index++) {
    const ElfW(Sym) *symbol = &symbols[index];
    if ((symbol->st_info & 0xf) != STT_TLS || symbol->st_shndx == SHN_UNDEF || symbol->st_name >= length) continue;
    if (!mp_names_id(names + symbol->st_name)) continue;
    if (places->count == MP_ID_PLACES) return -1;
    places->offsets[places->count++] = (uint32_t)symbol->st_value;
  }
  return 0;
}

static int mp_note_table(int file, const ElfW(Shdr) * table, const ElfW(Shdr) * strings, struct mp_id_places *places) {
  ElfW(Sym) *symbols = mp_read_part(file, table->sh_offset, table->sh_size);
  char *names = mp_read_part(file, strings->sh_offset, strings->sh_size);
  int result = -1;
  if (symbols != NULL && names != NULL)
    result = mp_note_symbols(symbols, table->sh_size / sizeof *symbols, names, strings->sh_size, places);
  free(names);
  free(symbols);
  return result;
}

static int mp_note_tables(int file, const ElfW(Ehdr) * head, struct mp_id_places *places) {
  ElfW(Shdr) *sections = mp_read_part(file, head->e_shoff, (uint64_t)head->e_shnum * sizeof *sections);
  int result = -1;
  for (int index = 0; sections != NULL && index < head->e_shnum; index++) {
    if (sections[index].sh_type != SHT_SYMTAB || sections[index].sh_link >= head->e_shnum) continue;
    result = mp_note_table(file, &sections[index], &sections[sections[index].sh_link], places);
    break;
  }
  free(sections);
  return result;
}

/// Whether the file has the segment of thread-local variables that was loaded.
static int mp_has_segment(int file, const ElfW(Ehdr) * head, const ElfW(Phdr) * loaded) {
  ElfW(Phdr) *segments = mp_read_part(file, head->e_phoff, (uint64_t)head->e_phnum * sizeof *segments);
  int result = 0;
  for (int index = 0; segments != NULL && index < head->e_phnum; index++) {
    if (segments[index].p_type == PT_TLS) result = memcmp(&segments[index], loaded, sizeof *loaded) == 0;
  }
  free(segments);
  return result;
}

int mp_id_places_find(const char *path, const void *loaded, struct mp_id_places *places) {
  places->count = 0;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), result = -1;
  if (file < 0) return -1;
  ElfW(Ehdr) *head = mp_read_part(file, 0, sizeof *head);
  if (head != NULL && memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 && head->e_shentsize == sizeof(ElfW(Shdr)) &&
      head->e_phentsize == sizeof(ElfW(Phdr)) && mp_has_segment(file, head, loaded))
    result = mp_note_tables(file, head, places);
  free(head);
  close(file);
  return result;
}

static struct {
  uintptr_t image;
  ElfW(Phdr) segment;
  struct mp_known_places places;
} mp_known[MP_KNOWN_IMAGES];
static int mp_known_count;

const struct mp_known_places *mp_id_places_known(uintptr_t image, const char *path, const void *loaded) {
  for (int index = 0; index < mp_known_count; index++) {
    // The segment too: the place of a library that was unloaded may be another's now.
    if (mp_known[index].image != image || memcmp(&mp_known[index].segment, loaded, sizeof(ElfW(Phdr))) != 0) continue;
    return mp_known[index].places.count < 0 ? NULL : &mp_known[index].places;
  }
  if (mp_known_count == MP_KNOWN_IMAGES) return NULL;
  struct mp_id_places *found = malloc(sizeof *found);
  int count = found != NULL && mp_id_places_find(path, loaded, found) == 0 ? found->count : -1;
  uint32_t *offsets = count > 0 ? malloc((size_t)count * sizeof *offsets) : NULL;
  if (count > 0 && offsets == NULL) count = -1;
  if (count > 0) memcpy(offsets, found->offsets, (size_t)count * sizeof *offsets);
  free(found);
  mp_known[mp_known_count].image = image;
  memcpy(&mp_known[mp_known_count].segment, loaded, sizeof(ElfW(Phdr)));
  mp_known[mp_known_count].places = (struct mp_known_places){count, offsets};
  return count < 0 ? (mp_known_count++, NULL) : &mp_known[mp_known_count++].places;
}
