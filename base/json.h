/* JSON in results: what Jansson does not do by itself. */
#ifndef PORTOLAN_BASE_JSON_H
#define PORTOLAN_BASE_JSON_H

#include <jansson.h>

#include "files.h"
#include "yaml.h"

/* Has Jansson tell memory_ran_out where it does not get memory: it may go on with a value left out. To be called before it is
 * used. */
void json_watch_memory(void);

/* `value` as text, as json_dumps has it, to be freed by the caller; NULL if memory is short, or was while it was made. */
char *json_dump_text(const json_t *value, size_t flags);

/* Reads a file of at most `limit` bytes; a key that stands twice is an error. A new reference, NULL on failure. */
json_t *json_read(const char *path, size_t limit, portolan_error *err);

/* json_string for a text that may be no UTF-8, as a path is: each byte that is not part of a character stands as \xNN.
 * NULL only if memory is short. */
json_t *json_text(const char *text);

/* Appends to a list, sets a key of an object; takes `value` over. Where memory is short, or was so for what is given,
 * nothing is left out without a word: the whole is released and becomes NULL, which json_pack and json_print fail on. */
void json_add(json_t **list, json_t *value);
void json_put(json_t **object, const char *key, json_t *value);

/* json_real, or null for what is no number. A new reference; NULL if memory is short. */
json_t *json_number(double x);

/* A YAML tree as JSON: plain scalars that read as numbers or booleans become such, all others strings.
 * A new reference; NULL if memory is short. */
json_t *json_from_yaml(const yaml_node *node);

/* Texts [count] as a list, NULL as null. A new reference; NULL if memory is short. */
json_t *json_from_texts(const char *const *texts, size_t count);

/* Writes `value` to `stream`, indented, keys in the order they were set, with a closing newline; control characters in
 * strings are escaped, also those that JSON allows. Fails where memory is short (as it was if `value` is NULL); whoever
 * closes the stream sees whether it could be written. */
bool json_print(const json_t *value, FILE *stream, portolan_error *err);

/* The same into a file that appears whole or not at all (base/replacement.h), laid out by Jansson's `flags`; `bytes` (may be
 * NULL) gets its length. */
bool json_replace(const json_t *value, size_t flags, const char *path, size_t *bytes, portolan_error *err);

/* json_print into a file of a results folder. */
bool json_write(const json_t *value, const result_folder *folder, const char *name, portolan_error *err);

#endif
