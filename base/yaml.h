/* YAML documents as trees with marks, read against tables of fields.
 *
 * The text is parsed by libyaml's event API; the tree keeps the line and column of every node, so that any later error
 * can point at it. Bounded in bytes, depth, keys, anchors and (through aliases) expanded nodes. Refused: duplicate keys, several
 * documents in one file, explicit tags, merge keys. */
#ifndef PORTOLAN_BASE_YAML_H
#define PORTOLAN_BASE_YAML_H

#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "units.h"

typedef enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP } yaml_kind;

typedef struct yaml_node yaml_node;

/* A node; owned by its document. A map's items alternate key, value, key, value, ...; `count` counts the pairs. */
struct yaml_node {
    yaml_kind kind;
    text_mark mark;
    const char *text; /* of a scalar, else NULL */
    bool plain;       /* a scalar without quotes */
    size_t count;     /* items of a list, pairs of a map */
    yaml_node **items;
    size_t weight; /* nodes below it when every alias is expanded, itself included */
};

/* A parsed document: owner of its nodes and texts. */
typedef struct yaml_document {
    arena memory;
    const char *file; /* name for messages, and what relative paths in it are relative to */
    yaml_node *root;
} yaml_document;

enum {
    YAML_MAX_BYTES = 16 << 20,
    YAML_MAX_DEPTH = 32,
    YAML_MAX_KEYS = 4096,    /* of one map */
    YAML_MAX_NODES = 200000, /* with aliases expanded */
    YAML_MAX_ANCHORS = 1000,
};

/* Reads and parses a file. On failure `doc` is left empty and the error says where. */
bool yaml_load(yaml_document *doc, const char *path, portolan_error *err);

/* Parses `length` bytes at `text`; `name` stands for the file in messages. */
bool yaml_parse(yaml_document *doc, const char *name, const char *text, size_t length, portolan_error *err);

void yaml_unload(yaml_document *doc);

/* The value of `key`, or NULL if `map` has none. */
const yaml_node *yaml_find(const yaml_node *map, const char *key);

/* Replaces or adds the value at a dotted path ("run.requests", "policies.confidence.threshold"). Lists are entered by
 * index (from 0) or by an item's name: the item itself if it is a scalar, its only key if it is a map of one key, or
 * its `as:` or `name:`. A scalar item that is entered becomes a map of one key. `value` is itself YAML.
 * Missing maps on the way are made, so that a default can be overridden. */
bool yaml_set(yaml_document *doc, const char *path, const char *value, portolan_error *err);

/* yaml_set with a node of any document, which is copied; its mark, and so its place in messages, is kept. The file
 * name of the mark is borrowed. */
bool yaml_put(yaml_document *doc, const char *path, const yaml_node *value, portolan_error *err);

/* yaml_set for a change written "key=value"; `path` (256 bytes, may be NULL) gets the key. */
bool yaml_change(yaml_document *doc, const char *change, char *path, portolan_error *err);

/* Removes `key` from the map if it is there. */
void yaml_remove(yaml_node *map, const char *key);

/* ---- Tables of fields ---- */

/* What a field is read into; the type of the struct member at `offset` in parentheses. */
typedef enum yaml_field_kind {
    FIELD_TEXT,         /* (const char *) any scalar; borrowed from the document */
    FIELD_NAME,         /* (const char *) a scalar of letters, digits, and - _ . ( ) = , at most 63, no dot in front */
    FIELD_BOOL,         /* (bool) yes/no/true/false */
    FIELD_COUNT,        /* (uint64_t) a whole number, "1e6" allowed */
    FIELD_QUANTITY,     /* (double) a number of the field's unit family */
    FIELD_DISTRIBUTION, /* (distribution) a quantity, or {uniform: [a, b]}, {normal: [mean, sd]},
                           {lognormal: [median, sigma]}, {exponential: mean} */
    FIELD_CHOICE,       /* (int) the index of one of `choices` */
    FIELD_NODE,         /* (const yaml_node *) left to the caller; NULL if absent */
} yaml_field_kind;

/* One key of a map. `fallback` is the default, written as it would be in the file; a NULL one leaves an optional member
 * as the caller set it (NULL for nodes). Tables end with a field whose key is NULL. */
typedef struct yaml_field {
    const char *key;
    yaml_field_kind kind;
    size_t offset;
    const char *doc; /* for the reference: what it means */
    unit_family unit;
    bool required;
    const char *fallback;
    double least, most;         /* bounds, both allowed; most = 0 means none above */
    bool positive;              /* the least value itself is refused: x > least */
    const char *const *choices; /* NULL-terminated */
} yaml_field;

/* Reads `map` into the struct at `into`: every key must stand in the table, required ones must be there, values must be
 * of the right kind and within bounds. `what` names the map in messages: "a cell". */
bool yaml_read(const yaml_node *map, const char *what, const yaml_field *fields, void *into, portolan_error *err);

/* Reads the value of a FIELD_DISTRIBUTION by itself; of the field, key, unit and bounds count. */
struct distribution;
bool yaml_distribution(const yaml_node *node, const yaml_field *f, struct distribution *d, portolan_error *err);

/* Fills the struct with the defaults of the table, without a document. */
bool yaml_defaults(const yaml_field *fields, void *into, portolan_error *err);

/* Fails unless `node` is of `kind`; `what` names what is wanted in the message. */
bool yaml_expect(const yaml_node *node, yaml_kind kind, const char *what, portolan_error *err);

/* Whether a text may be a FIELD_NAME. */
bool yaml_is_name(const char *text);

/* "found ..." for messages: a short description of a node. */
const char *yaml_describe(const yaml_node *node, char *into, size_t size);

#endif
