/* A file that is written under a temporary name and takes its final one only when it is whole. */
#ifndef PORTOLAN_BASE_REPLACEMENT_H
#define PORTOLAN_BASE_REPLACEMENT_H

#include <stdio.h>

#include "error.h"

typedef struct replacement {
    FILE *stream; /* write here */
    char path[1024];
    char temporary[1088];
} replacement;

/* Whether a file can be written there: what is there already must be a regular file, and none that this process has
 * read (file_is_input). replacement_open sees to it; a command that computes long asks before. */
bool replacement_possible(const char *path, portolan_error *err);

/* Opens "PATH.unfinished" beside the final file, whose permissions it gets if there is one, without following links. What
 * a killed process left there is removed; a process that still writes it is an error. */
bool replacement_open(replacement *r, const char *path, portolan_error *err);

/* Flushes, syncs and closes. If that and all before it went well (`ok`), renames the file, which replaces an
 * older one; else removes it. Returns whether the file is in its place; a false `ok` has been reported by the
 * caller. */
bool replacement_finish(replacement *r, bool ok, portolan_error *err);

/* Writes a file of which all bytes are at hand. */
bool replacement_write(const char *path, const void *bytes, size_t length, portolan_error *err);

#endif
