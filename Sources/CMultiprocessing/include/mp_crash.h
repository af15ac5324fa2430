/// The page of a child: what it leaves behind when it dies.
///
/// The parent makes a memory file for each child and reads this page from it after the death; the child maps it.
/// The signal handler fills the record in, the `valid` flag last, and lets the signal end the process as it would have.
#ifndef MP_CRASH_H
#define MP_CRASH_H

#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

enum { MP_CRASH_FRAMES = 64, MP_CRASH_IMAGES = 8, MP_CRASH_PATH = 240, MP_PAGE_SIZE = 4096 };

struct mp_crash_frame {
  uint64_t offset;  // address less the load bias of its image
  uint32_t image;   // index in `images`
  uint32_t kind;    // 1: a return address
};

struct mp_child_page {
  uint64_t magic;         // MP_PAGE_MAGIC, written by the parent
  int32_t pid;            // written by the child, its first act, and by the fork server that made it
  uint32_t valid;         // 1 when the record below is complete but for its frames
  int32_t signal_number;  // what the system raised
  int32_t code;           // si_code
  uint64_t address;       // si_addr
  uint64_t data_pages;    // private writable memory, pages
  uint64_t task;          // id of the task the child works on; written by the worker
  uint64_t part;          // how many inputs of that task have begun, of a series
  int32_t failed_step;    // what kept the child from setting itself up; 0: nothing
  int32_t failure;        // errno of that
  uint32_t frame_count;
  uint32_t image_count;
  struct mp_crash_frame frames[MP_CRASH_FRAMES];
  char images[MP_CRASH_IMAGES][MP_CRASH_PATH];  // an empty path: the main executable
};

_Static_assert(sizeof(struct mp_child_page) <= MP_PAGE_SIZE, "the record is one page");

/// The first of the steps without which a child must not run; the others are in `ChildSetup.Step`.
enum { MP_STEP_DESCRIPTORS = 72 };

/// Ends a child that could not set itself up, with the step as its exit status, and notes that in the page behind `page`,
/// with errno.
_Noreturn void mp_child_give_up(int page, int step);

/// Maps the page behind `file` for the life of the process and notes the process's id in it. NULL and errno.
struct mp_child_page *_Nullable mp_child_page_map(int file);

/// Catches the signals of crashes (ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS, XCPU) and records them in `page`, which stays
/// mapped. Also gives the calling thread an alternate stack.
void mp_crash_install(struct mp_child_page *_Nonnull page);

/// Gives the calling thread a stack for signal handlers, once: without one a stack overflow leaves no record.
void mp_crash_prepare_thread(void);

/// Calls what the two above call, without effect (`mp_rehearse_child`).
void mp_crash_rehearse(void);

MP_END

#endif
