/// Setting up a copy that `mp_fork` made of this process.
#ifndef MP_COPY_H
#define MP_COPY_H

#include "mp_linkage.h"

MP_BEGIN

/// What a copy is given, by number.
struct mp_copy {
  int page;            // its page file (`mp_crash.h`)
  int lifeline;        // the reading end of its lifeline
  int standard_error;  // -1: the parent's
  int core_limit;      // bytes of a core file
};

/// First thing in the copy: a group of its own, default signals, the lifeline, the page, streams, and no core file. In C, and
/// in one place: each piece of code that a copy is the first to run costs it a page fault.
/// Returns 0, or -1 where the copy could outlive its parent or leave no record: it must not run then.
int mp_copy_begin(const struct mp_copy *_Nonnull copy);

MP_END

#endif
