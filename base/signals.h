/* The signals that end a command early. A command ends where it stands: files under temporary names are removed, a helper
 * process is killed, and the exit status is 128 + the signal's number. A command that has something to keep (the policies
 * that a run has finished, the points of a sweep) blocks the signals and waits for them; see sim/engine/processes.h. */
#ifndef PORTOLAN_BASE_SIGNALS_H
#define PORTOLAN_BASE_SIGNALS_H

#include <signal.h>
#include <sys/types.h>

#include "error.h"

/* Catches SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM and SIGXCPU, but for those that the program was started with orders to
 * ignore (as by nohup). To be called by the main thread; again after a library has set handlers of its own. */
void signals_catch(void);

/* Those that are caught; none before signals_catch. */
sigset_t signals_caught(void);

/* Whether `signal`, which may be any number, is one of the above. */
bool signal_ends(int signal);

/* "interrupted by SIGTERM" and `what` in an error of status 128 + signal. Always returns false. */
bool error_signal(portolan_error *err, int signal, const char *what);

/* In a child that was forked: leaves the signals to the parent, who decides what becomes of its children. What is the child's
 * own (SIGPIPE, SIGXCPU) ends it. */
void signals_leave_to_parent(void);

/* A file, or a folder with nothing in it but such files, to be removed if a signal ends the program before leftover_drop,
 * which is called with an equal text. */
void leftover_add(const char *path);
void leftover_drop(const char *path);

/* A process to be killed along with this one; 0: none any more. */
void helper_set(pid_t pid);

#endif
