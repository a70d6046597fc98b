/* Files: reading whole, paths relative to other files, hashes, and result folders that appear all at once. */
#ifndef PORTOLAN_BASE_FILES_H
#define PORTOLAN_BASE_FILES_H

#include <stddef.h>

#include "arena.h"
#include "error.h"
#include "lock.h"

/* snprintf for paths: one that does not fit is an error, never cut. */
bool path_format(char *into, size_t size, portolan_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Opens a regular file for reading, the only way in which Portolan opens what others have written. A folder, a pipe, a
 * device is refused at once, with what is `wanted` there ("a CSV file"). `size` (may be NULL) gets the file's. From now
 * on the file is an input of this process (file_is_input). NULL on failure; fclose() it. Not for several threads. */
FILE *file_open(const char *path, const char *wanted, size_t *size, portolan_error *err);

/* Whether `path` names, by whatever way, a file that file_open has opened, that nobody has written since, and that is not
 * our own. */
bool file_is_input(const char *path);

/* The file at `path` is our own, which may be replaced although it is read: one that a replacement made, a checkpoint. */
void file_own(const char *path);

typedef struct file_bytes {
    char *data; /* NUL-terminated beyond `length`; free() it */
    size_t length;
} file_bytes;

/* Reads a regular file of at most `limit` bytes. */
bool file_read(const char *path, size_t limit, file_bytes *bytes, portolan_error *err);

/* `path` as it stands in the file `beside`, as a path that can be opened: relative ones are relative to that file's
 * folder, and a leading $PORTOLAN_DATA/ is replaced by the environment's value (an error at `where` if it is unset).
 * The result lives in `memory`; NULL on failure. */
const char *file_resolve(arena *memory, const char *beside, const char *path, text_mark where, portolan_error *err);

enum { FILE_HASH_TEXT = 65 };

/* SHA-256 of a file's content as 64 hexadecimal digits. */
bool file_hash(const char *path, char hex[FILE_HASH_TEXT], portolan_error *err);

/* The same of a text. */
void text_hash(const char *text, size_t length, char hex[FILE_HASH_TEXT]);

enum { TEXT_DIGEST = 32 };

/* SHA-256 of a text as bytes. */
void text_digest(const char *text, size_t length, unsigned char digest[TEXT_DIGEST]);

/* Makes the folders above `path` that are missing. */
bool parents_make(const char *path, portolan_error *err);

/* Makes a folder, whose name has at most 1,023 characters, and its parents; one that is there already is good. */
bool folder_make(const char *path, portolan_error *err);

/* Makes a folder inside one that may come from elsewhere: a symbolic link of that name is refused, not followed. */
bool subfolder_make(const char *path, portolan_error *err);

/* A folder being filled under a temporary name beside its final one. */
typedef struct result_folder {
    char final_path[1024];
    char path[1088]; /* write here */
    folder_lock lock;
} result_folder;

/* Makes the temporary folder, "WANTED.unfinished", as the umask says. `wanted` must not exist yet, or be an empty folder,
 * whose permissions are then kept; missing parents are made. What a killed process left there is removed; a process that
 * still writes it is an error. */
bool result_folder_open(result_folder *folder, const char *wanted, portolan_error *err);

/* Gives the folder its final name. */
bool result_folder_commit(result_folder *folder, portolan_error *err);

/* Removes the temporary folder and what is in it. Harmless after a commit and after an open that failed. */
void result_folder_discard(result_folder *folder);

/* Opens a new file `name` in the folder for writing. */
FILE *result_file_open(const result_folder *folder, const char *name, portolan_error *err);

/* Flushes a stream that was written to. 0 if all of it went well since it was opened, else an errno value that says why
 * not: ENOMEM if memory has run out (base/error.h), since what was written may then lack something. */
int stream_flush(FILE *file);

/* Flushes, syncs and closes; reports any write that failed since the file was opened (a full disk, say).
 * `file` may be NULL, which is a failure already reported. */
bool result_file_close(FILE *file, const char *name, portolan_error *err);

#endif
