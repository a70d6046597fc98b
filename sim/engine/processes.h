/* Child processes that simulate. SimGrid's engine cannot be started twice in a process, so each policy of
 * each run has a process of its own, forked where all that it needs has been read. Internal to sim/. */
#ifndef PORTOLAN_PROCESSES_H
#define PORTOLAN_PROCESSES_H

#include "base/files.h"
#include "base/signals.h"
#include "books.h"
#include "world.h"

/* A parent that waits for its children, and for signals that end the command (base/signals.h): those are blocked from
 * watch_begin, before its first fork, to watch_end, so that what it does with what was finished is not cut short. */
typedef struct watch {
    sigset_t set, before;
} watch;

void watch_begin(watch *w);

/* Waits for a child's end, a signal, or at most `seconds`; returns the signal if it ends the command, else 0. */
int watch_wait(const watch *w, double seconds);

/* A signal that came since, and was not returned by watch_wait, ends the program here. */
void watch_end(const watch *w);

/* fork() for a child that dies with its parent (however the parent dies), leaves the signals to it, and blocks
 * none. Returns as fork() does: 0 in the child, -1 with an error. */
pid_t process_fork(portolan_error *err);

/* Runs a policy in this process, which must be a child that has run none before, and fills results[index];
 * a policy that follows another finds that one's result there. Its trace, if the scenario wants one, goes into
 * `folder` (NULL: there is none). On failure the books are left empty and results[index].error says why. */
bool policy_simulate(const scenario *s, world *w, size_t index, const result_folder *folder, policy_result *results,
                     run_books *books);

/* Whether a policy's process, which ended with the wait status `status`, has run it to its end. */
bool process_finished(const policy_result *result, int status);

/* The error of a policy's process that ended with the wait status `status`: the one it left in its result,
 * or how it was killed. Always returns false. */
bool process_failed(const scenario *s, size_t index, const policy_result *result, int status, portolan_error *err);

/* The error of a policy that is not run because the one that it follows has no result. Always returns false. */
bool not_followed(const scenario *s, size_t index, portolan_error *err);

/* Results of `count` policies in zeroed memory that children share; NULL if memory is short. */
policy_result *results_map(size_t count, portolan_error *err);
void results_unmap(policy_result *results, size_t count);

/* The same for the lists of overloaded places. */
overload *overloads_map(size_t count, portolan_error *err);
void overloads_unmap(overload *overloads, size_t count);

#endif
