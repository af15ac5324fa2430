// In the handler: async-signal-safe calls only (open, read, close, sigaction, raise), and the unwinder, which libgcc
// keeps free of locks where `_dl_find_object` exists (glibc 2.35); a fault inside it ends the walk.
#define _GNU_SOURCE
#include "mp_crash.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

static struct mp_child_page *mp_page;
static int mp_handling;
static const int mp_crash_signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGXCPU};

#if defined(__linux__) && defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
#define MP_HAS_FIND_OBJECT 1
extern int _dl_find_object(void *, struct dl_find_object *) __attribute__((weak));
#endif

static uint32_t mp_image_index(const char *path) {
  for (uint32_t index = 0; index < mp_page->image_count; index++) {
    if (strncmp(mp_page->images[index], path, MP_CRASH_PATH) == 0) return index;
  }
  if (mp_page->image_count == MP_CRASH_IMAGES) return MP_CRASH_IMAGES;
  strncpy(mp_page->images[mp_page->image_count], path, MP_CRASH_PATH - 1);
  return mp_page->image_count++;
}

static void mp_add_frame(uintptr_t address, int is_return_address) {
  if (mp_page->frame_count == MP_CRASH_FRAMES) return;
#ifdef MP_HAS_FIND_OBJECT
  struct dl_find_object found;
  if (_dl_find_object == NULL || _dl_find_object((void *)address, &found) != 0) return;
  uint32_t image = mp_image_index(found.dlfo_link_map->l_name);
  if (image == MP_CRASH_IMAGES) return;
  struct mp_crash_frame *frame = &mp_page->frames[mp_page->frame_count];
  frame->offset = address - found.dlfo_link_map->l_addr;
  frame->image = image;
  frame->kind = (uint32_t)is_return_address;
  mp_page->frame_count++;
#endif
}

struct mp_walk {
  uintptr_t fault;  // frames of the handler itself come before this one
  int seen;
};

static _Unwind_Reason_Code mp_walk_frame(struct _Unwind_Context *context, void *argument) {
  struct mp_walk *walk = argument;
  uintptr_t address = _Unwind_GetIP(context);
  if (address == walk->fault) {
    walk->seen = 1;
    return _URC_NO_REASON;
  }
  if (walk->seen && address != 0) mp_add_frame(address, 1);
  return mp_page->frame_count == MP_CRASH_FRAMES ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static uintptr_t mp_fault_address(const ucontext_t *context) {
#if defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  return (uintptr_t)context->uc_mcontext.pc;
#else
  return 0;
#endif
}

/// The sixth number of /proc/self/statm: data and stack, in pages.
static uint64_t mp_data_pages(void) {
  char text[128];
  int descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  ssize_t length = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  uint64_t value = 0;
  int field = 0;
  for (ssize_t index = 0; index < length; index++) {
    if (text[index] == ' ') {
      field++;
    } else if (field == 5 && text[index] >= '0' && text[index] <= '9') {
      value = value * 10 + (uint64_t)(text[index] - '0');
    }
  }
  return value;
}

static void mp_default_and_raise(int number) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  for (size_t index = 0; index < sizeof mp_crash_signals / sizeof *mp_crash_signals; index++) {
    sigaction(mp_crash_signals[index], &action, NULL);
  }
  raise(number);  // pending until the handler returns
}

static void mp_on_crash(int number, siginfo_t *info, void *context) {
  if (__atomic_exchange_n(&mp_handling, 1, __ATOMIC_ACQ_REL) != 0) {
    if (mp_page->valid) {  // a fault of the walk itself: end as the first signal would have
      mp_default_and_raise(mp_page->signal_number);
      return;
    }
    for (;;) pause();  // another thread is recording; it ends the process
  }
  uintptr_t fault = mp_fault_address(context);
  mp_page->signal_number = number;
  mp_page->code = info->si_code;
  mp_page->address = (uint64_t)(uintptr_t)info->si_addr;
  mp_page->data_pages = mp_data_pages();
  mp_page->frame_count = 0;
  mp_page->image_count = 0;
  __atomic_store_n(&mp_page->valid, 1, __ATOMIC_RELEASE);
  mp_add_frame(fault, 0);
  struct mp_walk walk = {fault, 0};
  _Unwind_Backtrace(mp_walk_frame, &walk);
  mp_default_and_raise(number);
}

void mp_child_give_up(int page, int step) {
  int32_t note[] = {step, errno};
  _Static_assert(
      offsetof(struct mp_child_page, failure) == offsetof(struct mp_child_page, failed_step) + sizeof *note,
      "written together");
  // What cannot be noted is in the exit status, without the reason.
  if (pwrite(page, note, sizeof note, offsetof(struct mp_child_page, failed_step)) < 0) _exit(step);
  _exit(step);
}

struct mp_child_page *mp_child_page_map(int file) {
  struct mp_child_page *page = mmap(NULL, MP_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) return NULL;
  page->pid = getpid();
  return page;
}

static pthread_key_t mp_stack_key;
static pthread_once_t mp_stack_once = PTHREAD_ONCE_INIT;
enum { MP_STACK_SIZE = 65536 };

static void mp_free_stack(void *stack) {
  stack_t off = {.ss_flags = SS_DISABLE};
  sigaltstack(&off, NULL);
  munmap(stack, MP_STACK_SIZE);
}

static void mp_make_stack_key(void) { pthread_key_create(&mp_stack_key, mp_free_stack); }

void mp_crash_rehearse(void) {
  stack_t present;
  pthread_once(&mp_stack_once, mp_make_stack_key);
  pthread_setspecific(mp_stack_key, pthread_getspecific(mp_stack_key));
  sigaltstack(NULL, &present);
  void *memory = mmap(NULL, MP_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) munmap(memory, MP_PAGE_SIZE);
}

void mp_crash_prepare_thread(void) {
  pthread_once(&mp_stack_once, mp_make_stack_key);
  if (pthread_getspecific(mp_stack_key) != NULL) return;
  void *memory = mmap(NULL, MP_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t stack = {.ss_sp = memory, .ss_size = MP_STACK_SIZE};
  if (sigaltstack(&stack, NULL) != 0) {
    munmap(memory, MP_STACK_SIZE);
    return;
  }
  pthread_setspecific(mp_stack_key, memory);
}

void mp_crash_install(struct mp_child_page *page) {
  mp_page = page;
  mp_handling = 0;
  mp_crash_prepare_thread();
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = mp_on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (size_t index = 0; index < sizeof mp_crash_signals / sizeof *mp_crash_signals; index++) {
    sigaction(mp_crash_signals[index], &action, NULL);
  }
}
