#define _GNU_SOURCE
#include "mp_image.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

struct mp_search {
  const void *address;  // looked for by address, or, when NULL, by index
  int wanted;
  int index;
  int found;
  struct mp_image *image;
};

/// Copies the build id out of a run of ELF notes. Its length, or 0.
static uint32_t mp_build_id_in_notes(const uint8_t *notes, size_t size, size_t alignment, uint8_t *build_id) {
  size_t position = 0;
  if (alignment < 4) alignment = 4;
  while (position + sizeof(ElfW(Nhdr)) <= size) {
    ElfW(Nhdr) header;
    memcpy(&header, notes + position, sizeof header);
    size_t name = position + sizeof header;
    size_t value = name + ((header.n_namesz + alignment - 1) & ~(alignment - 1));
    size_t next = value + ((header.n_descsz + alignment - 1) & ~(alignment - 1));
    if (value > size || header.n_descsz > size - value || next <= position) return 0;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0) {
      uint32_t length = header.n_descsz < MP_BUILD_ID ? header.n_descsz : MP_BUILD_ID;
      memcpy(build_id, notes + value, length);
      return length;
    }
    position = next;
  }
  return 0;
}

static void mp_describe(const struct dl_phdr_info *info, struct mp_image *image) {
  memset(image, 0, sizeof *image);
  image->bias = info->dlpi_addr;
  image->path = info->dlpi_name;
  image->low = UINTPTR_MAX;
  for (int index = 0; index < info->dlpi_phnum; index++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[index];
    if (segment->p_type == PT_LOAD) {
      if (segment->p_vaddr < image->low) image->low = segment->p_vaddr;
      if (segment->p_vaddr + segment->p_memsz > image->high) image->high = segment->p_vaddr + segment->p_memsz;
    } else if (segment->p_type == PT_NOTE && image->build_id_length == 0) {
      const uint8_t *notes = (const uint8_t *)(info->dlpi_addr + segment->p_vaddr);
      image->build_id_length = mp_build_id_in_notes(notes, segment->p_memsz, segment->p_align, image->build_id);
    }
  }
}

static int mp_visit(struct dl_phdr_info *info, size_t size, void *argument) {
  (void)size;
  struct mp_search *search = argument;
  int index = search->index++;
  if (search->address == NULL && index != search->wanted) return 0;
  mp_describe(info, search->image);
  uintptr_t offset = (uintptr_t)search->address - search->image->bias;
  if (search->address != NULL && (offset < search->image->low || offset >= search->image->high)) return 0;
  search->found = 1;
  return 1;
}

int mp_image_of_address(const void *address, struct mp_image *image) {
  struct mp_search search = {.address = address, .image = image};
  dl_iterate_phdr(mp_visit, &search);
  return search.found ? search.index - 1 : -1;
}

int mp_image_at(int index, struct mp_image *image) {
  struct mp_search search = {.wanted = index, .image = image};
  dl_iterate_phdr(mp_visit, &search);
  return search.found ? 0 : -1;
}

int mp_file_build_id(int descriptor, uint8_t *build_id) {
  ElfW(Ehdr) header;
  if (pread(descriptor, &header, sizeof header, 0) != (ssize_t)sizeof header) return -1;
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr))) return -1;
  for (int index = 0; index < header.e_phnum && index < 128; index++) {
    ElfW(Phdr) segment;
    uint8_t notes[4096];
    off_t position = (off_t)(header.e_phoff + (size_t)index * sizeof segment);
    if (pread(descriptor, &segment, sizeof segment, position) != (ssize_t)sizeof segment) return -1;
    if (segment.p_type != PT_NOTE) continue;
    size_t size = segment.p_filesz < sizeof notes ? segment.p_filesz : sizeof notes;
    ssize_t length = pread(descriptor, notes, size, (off_t)segment.p_offset);
    if (length <= 0) continue;
    uint32_t found = mp_build_id_in_notes(notes, (size_t)length, segment.p_align, build_id);
    if (found > 0) return (int)found;
  }
  return 0;
}

enum { MP_STRUCT_METADATA = 0x200, MP_ENUM_METADATA = 0x201, MP_GENERIC_FLAG = 0x80 };

const void *mp_type_descriptor(const void *metadata) {
  const uintptr_t *words = metadata;
  if (words[0] != MP_STRUCT_METADATA && words[0] != MP_ENUM_METADATA) return NULL;
  const uint32_t *descriptor = (const uint32_t *)words[1];
  return (descriptor[0] & MP_GENERIC_FLAG) ? NULL : descriptor;
}

struct mp_metadata_response {
  const void *metadata;
  size_t state;
};
typedef __attribute__((swiftcall)) struct mp_metadata_response (*mp_access_function)(size_t request);

const void *mp_type_metadata(const void *descriptor) {
  const int32_t *words = descriptor;
  mp_access_function access = (mp_access_function)((uintptr_t)&words[3] + (uintptr_t)(intptr_t)words[3]);
  return access(0).metadata;
}
