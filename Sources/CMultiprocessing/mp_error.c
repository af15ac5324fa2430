// The form of `strerror_r` that POSIX has.
#define _POSIX_C_SOURCE 200809L
#include "mp_error.h"

#include <string.h>

int mp_error_text(int number, char *text, size_t capacity) { return strerror_r(number, text, capacity); }
