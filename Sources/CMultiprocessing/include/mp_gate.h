/// Copies of this process are made while threads of this library's own sleep.
///
/// A copy has one thread and the locks as all threads held them: if one was just then making a generic type, which Swift's
/// runtime does under a lock, the copy waits for it for ever. Of threads of the user's nothing can be known; ours *join* the
/// gate, and a fork, whoever calls it, waits until each of them is in a system call that blocks, and keeps it there.
///
/// | dies or stops | then |
/// |---|---|
/// | a member that does not come to sleep (a lock that who forks holds) | the fork goes ahead after a quarter of a second |
/// | the process that forks | all of this is its own memory |
#ifndef MP_GATE_H
#define MP_GATE_H

/// Makes the calling thread a member, for as long as it lives.
void mp_gate_join(void);

/// The calling thread is about to end, or is none of those any more.
void mp_gate_part(void);

/// Before and after a system call that blocks: nothing for threads that are no members. Both leave `errno` as it is.
void mp_gate_sleep(void);
void mp_gate_wake(void);

#endif
