/// Starting, watching and ending processes: what Swift cannot import or must not do between fork and exec.
#ifndef MP_PROCESS_H
#define MP_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "mp_linkage.h"
#include "mp_thread_memory.h"

MP_BEGIN

/// `fork`, which Swift hides: 0 in the copy. Runs the handlers of `pthread_atfork`. In the copy all signals are blocked,
/// so that one sent at once is neither lost nor handled as the parent would: call `mp_signals_reset` there.
pid_t mp_fork(void);

/// Makes a copy of this single-threaded process whose parent is *our parent*, so that our parent reaps it. 0 in the
/// copy, which has no identity yet (`mp_word.h`), -1 and errno where the system refuses. `memory` is that of the calling
/// thread.
pid_t mp_clone_sibling(const struct mp_thread_memory *_Nonnull memory);

/// How often this process's line was forked through libc since the program started. A copy differs from its parent.
uint32_t mp_fork_generation(void);

/// Collects a child of that process group, if one has ended. 1: it did; 0: none of them has; -1: there is none in the group.
int mp_collect_one(pid_t group);

/// A descriptor for the process `pid`, close-on-exec, or -1 and errno.
int mp_pidfd_open(pid_t pid);

/// Sends a signal to the process behind `pidfd`, and to no other that has its number by now. -1 and errno: ESRCH when it
/// is gone.
int mp_pidfd_signal(int pidfd, int number);

/// Looks whether the process behind `pidfd` ended. 1: it did, and `code` (CLD_EXITED, CLD_KILLED, CLD_DUMPED),
/// `status` and the CPU time it used are set; 0: not yet; -1 and errno. With `keep` the process stays a zombie.
int mp_wait_exit(
    int pidfd, int keep, int *_Nonnull code, int *_Nonnull status, uint64_t *_Nonnull cpu_milliseconds);

/// Sets every signal to its default disposition and unblocks all.
void mp_signals_reset(void);

/// Blocks a signal in the calling thread.
void mp_signal_block(int number);

/// Unblocks it.
void mp_signal_unblock(int number);

/// Calls the functions that a forked copy needs for its setup, without effect.
void mp_rehearse_child(void);

/// `_exit`, found by the loader at the start of the program: a copy would look for it, at its last step.
void mp_exit_now(int code) __attribute__((noreturn));

/// Keeps exit statuses of children: resets an ignored SIGCHLD and SA_NOCLDWAIT. 1 when something was reset.
int mp_keep_exit_statuses(void);

/// One more open file of a pipe's reading end, close-on-exec, or -1 and errno.
int mp_lifeline_copy(int pipe_descriptor);

/// Lets the kernel send SIGKILL to `owner`, a process or a group when negative, when the last writer of the pipe closes
/// it, as long as somebody holds this open file. Returns 0, or -1 and errno.
int mp_lifeline_bind(int descriptor, pid_t owner);

/// Ends this process, and the programs it started, when the last writer of the pipe behind `pipe_descriptor` closes
/// it: the kernel sends SIGKILL, also to a stopped process. Returns 0, or -1 and errno; does not return when the
/// writer is gone already.
int mp_lifeline_arm(int pipe_descriptor);

/// A new memory file, close-on-exec, or -1 and errno.
int mp_memfd_create(const char *_Nonnull name);

/// Moves `count` descriptors to the numbers `first`, `first + 1`, …, inheritable or not, and closes all above.
/// Async-signal-safe. Returns 0, or -1 and errno.
int mp_descriptors_arrange(const int *_Nonnull descriptors, int count, int first, int close_on_exec);

/// Closes every descriptor from `first` on. Returns 0, or -1 and errno.
int mp_close_from(int first);

/// Reopens standard input as /dev/null.
void mp_close_standard_input(void);

/// Makes standard output line-buffered with room for a line of 64 KiB, so that a whole line is one write.
void mp_buffer_lines(void);

/// Flushes every output stream of C.
void mp_flush_streams(void);

/// Sets the name that `ps` shows, at most 15 bytes.
void mp_set_thread_name(const char *_Nonnull name);

/// Sets a soft and hard limit of this process. Returns 0, or -1 and errno.
int mp_limit_data(uint64_t bytes);
int mp_limit_cpu_seconds(uint64_t soft, uint64_t hard);
int mp_limit_open_files(uint64_t count);
int mp_limit_core(uint64_t bytes);

/// 1 where cores go to a program through a pipe.
int mp_core_pattern_is_pipe(void);

/// Sets `soft_stop` as the handler of SIGTERM: it writes to `descriptor` (an eventfd). 0, or -1 and errno.
int mp_catch_termination(int descriptor);

/// The three user ids and the three group ids of this process, in room for six.
void mp_user_and_group_ids(uint32_t *_Nonnull ids);

/// A hash of the environment's strings in their order.
uint64_t mp_environment_hash(void);

/// Replaces the environment by `count` strings of the form NAME=VALUE, each ended by a NUL, one after another.
void mp_environment_replace(const char *_Nonnull strings, uint64_t count);

MP_END

#endif
