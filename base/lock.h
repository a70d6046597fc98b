/* One process at a time in a folder. */
#ifndef PORTOLAN_BASE_LOCK_H
#define PORTOLAN_BASE_LOCK_H

#include "error.h"

/* A lock that a process holds by a small file, "FOLDER/NAME.lock" or "FOLDER.lock". It ends with its holder, however
 * that ends; children do not inherit it. */
typedef struct folder_lock {
    bool taken;
    bool held;             /* false where the file system knows no locks: nothing keeps another out */
    int descriptor, owner; /* owner: the process */
    char path[1100];
} folder_lock;

/* Takes the lock NAME of `folder`, or, where `name` is NULL, that of the folder's own name, which need not exist yet.
 * If another process holds it, the error names that process and what it is `doing` ("running a sweep"), status 1. */
bool lock_take(folder_lock *lock, const char *folder, const char *name, const char *doing, portolan_error *err);

/* Removes the file and ends the lock. Harmless on one that was not taken, and in a child. */
void lock_release(folder_lock *lock);

/* Whether `descriptor` is open on what `path` names now, rather than on what it named once. */
bool lock_is_of(int descriptor, const char *path);

#endif
