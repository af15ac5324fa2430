/// Descriptors that belong to this process alone.
///
/// A table of bits, one a descriptor number. A copy made by `fork` inherits every descriptor, whatever its
/// close-on-exec flag; the copy closes those marked here, so that a lifeline, a channel or a pidfd of the parent
/// is not held open by a child that was not meant to have it.
#ifndef MP_DESCRIPTOR_H
#define MP_DESCRIPTOR_H

#include "mp_linkage.h"

MP_BEGIN

/// Marks `descriptor` as private to this process. Safe from any thread. Numbers of 65,536 and above are not recorded.
void mp_private_mark(int descriptor);

/// Marks a new descriptor of this library as private, and moves it off 0, 1 and 2: a program may be started without
/// its standard streams, and what it prints must not reach us. Returns its number, the old one where no other is left.
int mp_private_adopt(int descriptor);

/// Takes the mark away; call it before the descriptor is closed.
void mp_private_unmark(int descriptor);

/// Closes every marked descriptor and clears the table. Async-signal-safe: called in a forked copy.
void mp_private_close_all(void);

/// 1 when `descriptor` is marked.
int mp_private_is_marked(int descriptor);

/// Clears the table and closes nothing.
void mp_private_forget(void);

MP_END

#endif
