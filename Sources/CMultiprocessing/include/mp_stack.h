/// The stack of the calling thread.
#ifndef MP_STACK_H
#define MP_STACK_H

#include <stddef.h>

#include "mp_linkage.h"

MP_BEGIN

/// The bytes between the caller's frame and the end of its stack, 0 where they are not known.
///
/// On the main thread this reads /proc/self/maps: tens of microseconds. Elsewhere it costs less than one.
size_t mp_stack_remaining(void);

MP_END

#endif
