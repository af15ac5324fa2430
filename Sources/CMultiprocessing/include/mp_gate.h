/// Copies of this process are made while threads of this library's own sleep.
///
/// A copy has one thread and the locks as all threads held them: if one was just then making a generic type, which Swift's
/// runtime does under a lock, the copy waits for it for ever. Of threads of the user's nothing can be known; ours are
/// *members* of the gate, and a fork, whoever calls it, waits until each of them is in a system call that blocks, and keeps
/// it there. A thread of the user's *visits* while it does here what may need types that nobody has used before.
///
/// | who does not go on | then |
/// |---|---|
/// | a member that does not come to sleep (a lock that who forks holds) | the fork goes ahead after a quarter of a second |
/// | a fork that does not end (a handler of another library's that waits for what a member does) | members go on after some seconds |
/// | a member that forks itself | it counts as asleep; in the copy it is no member |
/// | a handler of a signal or of a fork that forks | the inner fork passes |
#ifndef MP_GATE_H
#define MP_GATE_H

#include "mp_linkage.h"

MP_BEGIN

/// Counts a member that is about to be started as awake: before its first instruction, as that may be one of the runtime's.
void mp_gate_expect(void);

/// It could not be started.
void mp_gate_give_up(void);

/// Makes the calling thread the member that was expected.
void mp_gate_join(void);

/// The calling thread, a member, is about to end.
void mp_gate_part(void);

/// Makes the calling thread a member for a while; calls may be nested. In a copy made meanwhile it is none.
void mp_gate_visit(void);
void mp_gate_quit(void);

/// Before and after a system call that blocks: nothing for threads that are no members. Both leave `errno` as it is.
void mp_gate_sleep(void);
void mp_gate_wake(void);

MP_END

#endif
