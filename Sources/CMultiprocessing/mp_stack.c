#define _GNU_SOURCE
#include "mp_stack.h"

#include <pthread.h>
#include <stdint.h>

size_t mp_stack_remaining(void) {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  void *low = NULL;
  size_t size = 0;
  int result = pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  return result == 0 && here > (uintptr_t)low ? here - (uintptr_t)low : 0;
}
