/* From libyaml's events to trees with marks, and changes to such trees by path. */
#include "yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "array.h"
#include "files.h"
#include "numbers.h"

typedef struct anchor {
    const char *name;
    yaml_node *node; /* NULL while the node is still open: an alias to it would be a cycle */
    struct anchor *next;
} anchor;

typedef struct loader {
    yaml_document *doc;
    yaml_parser_t parser;
    anchor *anchors;
    size_t nodes, anchor_count;
    const char *text; /* the whole input, to turn a byte offset into a place */
    size_t length;
    portolan_error *err;
} loader;

static text_mark mark_of(const loader *l, yaml_mark_t m) {
    return (text_mark){l->doc->file, (unsigned)m.line + 1, (unsigned)m.column + 1};
}

/* libyaml gives reader errors (bad UTF-8, control characters) a byte offset only. */
static text_mark mark_of_offset(const loader *l, size_t offset) {
    text_mark m = {l->doc->file, 1, 1};
    for (size_t i = 0; i < offset && i < l->length; i++) {
        m.column += (l->text[i] & 0xc0) != 0x80; /* characters, not bytes, as libyaml counts elsewhere */
        if (l->text[i] == '\n') {
            m.line++;
            m.column = 1;
        }
    }
    return m;
}

static bool next_event(loader *l, yaml_event_t *event) {
    if (yaml_parser_parse(&l->parser, event)) return true;
    const yaml_parser_t *p = &l->parser;
    if (p->error == YAML_MEMORY_ERROR) return error_memory(l->err, 0);
    if (p->error == YAML_READER_ERROR)
        return error_input(l->err, mark_of_offset(l, p->problem_offset), "not YAML text: %s",
                           p->problem ? p->problem : "unreadable bytes");
    return error_input(l->err, mark_of(l, p->problem_mark), "not valid YAML: %s%s%s",
                       p->problem ? p->problem : "syntax error", p->context ? ", " : "", p->context ? p->context : "");
}

static yaml_node *new_node(loader *l, const yaml_event_t *event, yaml_kind kind, const yaml_char_t *tag,
                           bool implicit) {
    text_mark mark = mark_of(l, event->start_mark);
    if (tag && !implicit) {
        error_input(l->err, mark, "found the tag '%.60s'; tags are not used here, remove it", (const char *)tag);
        return NULL;
    }
    if (++l->nodes > YAML_MAX_NODES) {
        error_input(l->err, mark, "more than %d values; split the file or use counts", YAML_MAX_NODES);
        return NULL;
    }
    yaml_node *node = arena_alloc(&l->doc->memory, 1, sizeof *node);
    if (!node) {
        error_memory(l->err, sizeof *node);
        return NULL;
    }
    *node = (yaml_node){.kind = kind, .mark = mark, .weight = 1};
    return node;
}

/* Notes the anchor of a node that begins at `mark`, if it has one. */
static bool open_anchor(loader *l, const yaml_char_t *name, text_mark mark, anchor **opened) {
    *opened = NULL;
    if (!name) return true;
    if (++l->anchor_count > YAML_MAX_ANCHORS)
        return error_input(l->err, mark, "more than %d anchors (&name); write the values out", YAML_MAX_ANCHORS);
    anchor *a = arena_alloc(&l->doc->memory, 1, sizeof *a);
    const char *text = arena_text(&l->doc->memory, (const char *)name, strlen((const char *)name));
    if (!a || !text) return error_memory(l->err, sizeof *a);
    *a = (anchor){text, NULL, l->anchors};
    *opened = l->anchors = a;
    return true;
}

static yaml_node *resolve_alias(loader *l, const yaml_event_t *event) {
    const char *name = (const char *)event->data.alias.anchor;
    text_mark mark = mark_of(l, event->start_mark);
    for (const anchor *a = l->anchors; a; a = a->next) {
        if (strcmp(a->name, name) != 0) continue;
        if (!a->node) {
            error_input(l->err, mark, "the alias *%.60s stands inside the value it names", name);
            return NULL;
        }
        l->nodes += a->node->weight; /* as if it were written out: an alias bomb runs into the limit */
        if (l->nodes > YAML_MAX_NODES) {
            error_input(l->err, mark, "with its aliases expanded the file has more than %d values", YAML_MAX_NODES);
            return NULL;
        }
        return a->node;
    }
    error_input(l->err, mark, "the alias *%.60s names no anchor above it", name);
    return NULL;
}

/* Items while a collection is read; moved into the arena when it is complete. */
typedef struct item_list {
    yaml_node **items;
    size_t count, room;
} item_list;

static bool push(item_list *list, yaml_node *node, portolan_error *err) {
    if (!ARRAY_RESERVE(list->items, list->room, list->count + 1, err)) return false;
    list->items[list->count++] = node;
    return true;
}

static bool check_key(const item_list *list, const yaml_node *key, portolan_error *err) {
    if (key->kind != YAML_SCALAR) return error_input(err, key->mark, "a key must be a word, found a list or map");
    if (key->plain && strcmp(key->text, "<<") == 0)
        return error_input(err, key->mark, "merge keys (<<) are not read here; write the keys out, or name an alias");
    if (list->count >= 2 * YAML_MAX_KEYS) return error_input(err, key->mark, "more than %d keys", YAML_MAX_KEYS);
    for (size_t i = 0; i < list->count; i += 2) {
        if (strcmp(list->items[i]->text, key->text) == 0)
            return error_input(err, key->mark, "the key '%.60s' stands twice; it was first at line %u", key->text,
                               list->items[i]->mark.line);
    }
    return true;
}

static yaml_node *build(loader *l, const yaml_event_t *event, unsigned depth);

static bool read_items(loader *l, yaml_node *node, item_list *list, unsigned depth) {
    for (;;) {
        yaml_event_t event;
        if (!next_event(l, &event)) return false;
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        yaml_node *item = build(l, &event, depth + 1);
        yaml_event_delete(&event);
        if (!item) return false;
        bool is_key = node->kind == YAML_MAP && list->count % 2 == 0;
        if ((is_key && !check_key(list, item, l->err)) || !push(list, item, l->err)) return false;
        node->weight += item->weight;
    }
}

static yaml_node *build_collection(loader *l, yaml_node *node, const yaml_char_t *anchor_name, unsigned depth) {
    if (!node) return NULL;
    if (depth >= YAML_MAX_DEPTH) {
        error_input(l->err, node->mark, "nested deeper than %d levels", YAML_MAX_DEPTH);
        return NULL;
    }
    anchor *a;
    item_list list = {0};
    bool ok = open_anchor(l, anchor_name, node->mark, &a) && read_items(l, node, &list, depth);
    if (ok) {
        node->count = node->kind == YAML_MAP ? list.count / 2 : list.count;
        node->items = arena_alloc(&l->doc->memory, list.count + 1, sizeof(yaml_node *));
        ok = node->items || error_memory(l->err, list.count * sizeof(yaml_node *));
        if (ok && list.count) memcpy(node->items, list.items, list.count * sizeof(yaml_node *));
        if (a) a->node = node;
    }
    free(list.items);
    return ok ? node : NULL;
}

static yaml_node *build_scalar(loader *l, const yaml_event_t *event) {
    bool implicit = event->data.scalar.plain_implicit || event->data.scalar.quoted_implicit;
    yaml_node *node = new_node(l, event, YAML_SCALAR, event->data.scalar.tag, implicit);
    if (!node) return NULL;
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length) {
        error_input(l->err, node->mark, "the text contains a NUL byte");
        return NULL;
    }
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_text(&l->doc->memory, text, event->data.scalar.length);
    if (!node->text) {
        error_memory(l->err, event->data.scalar.length);
        return NULL;
    }
    anchor *a;
    if (!open_anchor(l, event->data.scalar.anchor, node->mark, &a)) return NULL;
    if (a) a->node = node;
    return node;
}

static yaml_node *build(loader *l, const yaml_event_t *event, unsigned depth) {
    switch (event->type) {
    case YAML_ALIAS_EVENT: return resolve_alias(l, event);
    case YAML_SCALAR_EVENT: return build_scalar(l, event);
    case YAML_SEQUENCE_START_EVENT:
        return build_collection(
            l, new_node(l, event, YAML_LIST, event->data.sequence_start.tag, event->data.sequence_start.implicit),
            event->data.sequence_start.anchor, depth);
    case YAML_MAPPING_START_EVENT:
        return build_collection(
            l, new_node(l, event, YAML_MAP, event->data.mapping_start.tag, event->data.mapping_start.implicit),
            event->data.mapping_start.anchor, depth);
    default: error_input(l->err, mark_of(l, event->start_mark), "unexpected end of the document"); return NULL;
    }
}

/* Skips stream and document starts, builds the one root, and makes sure that nothing follows. */
static bool load_root(loader *l) {
    yaml_event_t event;
    bool done = false;
    while (!done) {
        if (!next_event(l, &event)) return false;
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: break;
        case YAML_DOCUMENT_START_EVENT:
            if (l->doc->root) {
                error_input(l->err, mark_of(l, event.start_mark), "a second document begins here; one file holds one");
                yaml_event_delete(&event);
                return false;
            }
            break;
        case YAML_STREAM_END_EVENT: done = true; break;
        default:
            l->doc->root = build(l, &event, 0);
            if (!l->doc->root) {
                yaml_event_delete(&event);
                return false;
            }
        }
        yaml_event_delete(&event);
    }
    bool empty = !l->doc->root || (l->doc->root->kind == YAML_SCALAR && !*l->doc->root->text);
    return !empty || error_input(l->err, (text_mark){l->doc->file, 1, 1}, "the file is empty; a map of keys is wanted");
}

bool yaml_parse(yaml_document *doc, const char *name, const char *text, size_t length, portolan_error *err) {
    *doc = (yaml_document){0};
    doc->file = arena_text(&doc->memory, name, strlen(name));
    if (!doc->file) return error_memory(err, strlen(name));
    loader l = {.doc = doc, .text = text, .length = length, .err = err};
    bool ok = yaml_parser_initialize(&l.parser) || error_memory(err, sizeof l.parser);
    if (ok) {
        yaml_parser_set_input_string(&l.parser, (const unsigned char *)text, length);
        ok = load_root(&l);
        yaml_parser_delete(&l.parser);
    }
    if (!ok) yaml_unload(doc);
    return ok;
}

bool yaml_load(yaml_document *doc, const char *path, portolan_error *err) {
    *doc = (yaml_document){0};
    file_bytes bytes;
    if (!file_read(path, YAML_MAX_BYTES, &bytes, err)) return false;
    bool ok = yaml_parse(doc, path, bytes.data, bytes.length, err);
    free(bytes.data);
    return ok;
}

void yaml_unload(yaml_document *doc) {
    arena_free(&doc->memory);
    *doc = (yaml_document){0};
}

const yaml_node *yaml_find(const yaml_node *map, const char *key) {
    if (!map || map->kind != YAML_MAP) return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->items[2 * i]->text, key) == 0) return map->items[2 * i + 1];
    return NULL;
}

void yaml_remove(yaml_node *map, const char *key) {
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->items[2 * i]->text, key) != 0) continue;
        memmove(map->items + 2 * i, map->items + 2 * i + 2, 2 * (map->count - i - 1) * sizeof(yaml_node *));
        map->count--;
        return;
    }
}

/* ---- Changes by path ---- */

static yaml_node *make(yaml_document *doc, yaml_kind kind, text_mark mark, const char *text, size_t length) {
    yaml_node *node = arena_alloc(&doc->memory, 1, sizeof *node);
    if (!node) return NULL;
    *node = (yaml_node){.kind = kind, .mark = mark, .weight = 1, .plain = true};
    if (kind == YAML_SCALAR && !(node->text = arena_text(&doc->memory, text, length))) return NULL;
    return node;
}

/* The place of a map's value, added as an empty map, marked `mark`, if the key is new. */
static yaml_node **map_slot(yaml_document *doc, yaml_node *map, const char *key, size_t length, text_mark mark) {
    for (size_t i = 0; i < map->count; i++) {
        const char *text = map->items[2 * i]->text;
        if (strlen(text) == length && strncmp(text, key, length) == 0) return &map->items[2 * i + 1];
    }
    yaml_node **items = arena_alloc(&doc->memory, 2 * map->count + 2, sizeof(yaml_node *));
    yaml_node *name = make(doc, YAML_SCALAR, mark, key, length);
    yaml_node *value = make(doc, YAML_MAP, mark, NULL, 0);
    if (!items || !name || !value) return NULL;
    if (map->count) memcpy(items, map->items, 2 * map->count * sizeof(yaml_node *));
    items[2 * map->count] = name;
    items[2 * map->count + 1] = value;
    map->items = items;
    map->count++;
    return &map->items[2 * map->count - 1];
}

static bool is_word(const yaml_node *node, const char *word, size_t length) {
    return node && node->kind == YAML_SCALAR && strlen(node->text) == length && strncmp(node->text, word, length) == 0;
}

/* How an item of a list is called: see yaml_set. For {confidence: {as: strict}} both names are good. */
static bool item_is_called(const yaml_node *item, const char *word, size_t length) {
    if (item->kind == YAML_SCALAR) return is_word(item, word, length);
    if (item->kind != YAML_MAP) return false;
    if (is_word(yaml_find(item, "name"), word, length) || is_word(yaml_find(item, "as"), word, length)) return true;
    if (item->count != 1) return false;
    return is_word(item->items[0], word, length) || is_word(yaml_find(item->items[1], "as"), word, length);
}

static yaml_node **list_slot(yaml_node *list, const char *word, size_t length) {
    uint64_t index;
    if (whole_read(word, &index) == word + length) return index < list->count ? &list->items[index] : NULL;
    for (size_t i = 0; i < list->count; i++)
        if (item_is_called(list->items[i], word, length)) return &list->items[i];
    return NULL;
}

/* A copy that shares no node with anything, so that a change at one alias does not show at the other. */
static yaml_node *copy_shallow(yaml_document *doc, const yaml_node *node) {
    yaml_node *copy = arena_alloc(&doc->memory, 1, sizeof *copy);
    size_t n = node->kind == YAML_MAP ? 2 * node->count : node->count;
    yaml_node **items = arena_alloc(&doc->memory, n + 1, sizeof(yaml_node *));
    if (!copy || !items) return NULL;
    *copy = *node;
    if (n) memcpy(items, node->items, n * sizeof(yaml_node *));
    copy->items = items;
    return copy;
}

/* Where the options of a list item are: `confidence` becomes {confidence: {}}, {confidence: ...} gives its value. */
static yaml_node **item_options(yaml_document *doc, yaml_node **slot) {
    yaml_node *item = *slot;
    if (item->kind == YAML_SCALAR) {
        yaml_node *map = make(doc, YAML_MAP, item->mark, NULL, 0);
        if (!map) return NULL;
        *slot = map;
        return map_slot(doc, map, item->text, strlen(item->text), item->mark);
    }
    if (item->kind != YAML_MAP || item->count != 1) return slot;
    const yaml_node *options = item->items[1];
    bool empty = options->kind == YAML_SCALAR && !*options->text;
    if (!empty && options->kind != YAML_MAP) return slot;
    if (!(item = *slot = copy_shallow(doc, item))) return NULL; /* it may stand elsewhere too, by an alias */
    if (empty && !(item->items[1] = make(doc, YAML_MAP, item->mark, NULL, 0))) return NULL;
    return &item->items[1];
}

static bool parse_value(yaml_document *doc, const char *path, const char *value, yaml_node **into,
                        portolan_error *err) {
    char name[256];
    snprintf(name, sizeof name, "--set %.200s", path);
    const char *file = arena_text(&doc->memory, name, strlen(name));
    if (!file) return error_memory(err, sizeof name);
    yaml_document part = {.file = file, .memory = doc->memory}; /* lends its arena */
    loader l = {.doc = &part, .text = value, .length = strlen(value), .err = err};
    bool ok = yaml_parser_initialize(&l.parser) || error_memory(err, sizeof l.parser);
    if (ok) {
        yaml_parser_set_input_string(&l.parser, (const unsigned char *)value, strlen(value));
        ok = load_root(&l);
        yaml_parser_delete(&l.parser);
    }
    doc->memory = part.memory;
    *into = part.root;
    return ok;
}

/* A copy of the whole tree that lives in `doc`; the marks stay. */
static yaml_node *copy_deep(yaml_document *doc, const yaml_node *node) {
    yaml_node *copy = copy_shallow(doc, node);
    size_t n = node->kind == YAML_MAP ? 2 * node->count : node->count;
    if (!copy) return NULL;
    if (node->text && !(copy->text = arena_text(&doc->memory, node->text, strlen(node->text)))) return NULL;
    for (size_t i = 0; i < n; i++)
        if (!(copy->items[i] = copy_deep(doc, node->items[i]))) return NULL;
    return copy;
}

/* The path goes on at `word`, but what stands here is a scalar: a path of a file, say, or the name of a preset. */
static bool no_keys(const char *path, const char *word, const yaml_node *here, const yaml_node *fresh,
                    portolan_error *err) {
    bool last = !strchr(word, '.') && fresh->kind == YAML_SCALAR;
    return error_input(
        err, fresh->mark,
        "%.200s: '%.60s' at %.200s:%u has no keys; if it is a preset, put {like: %.60s, %.*s: %.60s} in its "
        "place",
        path, here->text, here->mark.file, here->mark.line, here->text, (int)strcspn(word, "."), word,
        last ? fresh->text : "...");
}

/* Hangs `fresh`, a node of `doc`, at the path. */
static bool put_node(yaml_document *doc, const char *path, yaml_node *fresh, portolan_error *err) {
    yaml_node **slot = &doc->root;
    for (const char *word = path; word;) {
        size_t length = strcspn(word, ".");
        const char *rest = word[length] ? word + length + 1 : NULL;
        if (!(*slot = copy_shallow(doc, *slot))) return error_memory(err, sizeof **slot);
        yaml_node *here = *slot;
        if (here->kind == YAML_SCALAR && !*here->text) *here = (yaml_node){.kind = YAML_MAP, .mark = here->mark};
        if (here->kind == YAML_MAP) {
            if (!(slot = map_slot(doc, here, word, length, fresh->mark))) return error_memory(err, sizeof *here);
        } else if (here->kind == YAML_SCALAR) {
            return no_keys(path, word, here, fresh, err);
        } else {
            slot = list_slot(here, word, length);
            if (!slot)
                return error_input(err, fresh->mark,
                                   "%.200s: '%.*s' is no item of the list at %s:%u (give a name, a label "
                                   "or an index from 0)",
                                   path, (int)length, word, here->mark.file, here->mark.line);
            if (rest && !(slot = item_options(doc, slot))) return error_memory(err, sizeof *here);
        }
        word = rest;
    }
    *slot = fresh;
    return true;
}

bool yaml_put(yaml_document *doc, const char *path, const yaml_node *value, portolan_error *err) {
    yaml_node *fresh = copy_deep(doc, value);
    return fresh ? put_node(doc, path, fresh, err) : error_memory(err, sizeof *fresh);
}

bool yaml_set(yaml_document *doc, const char *path, const char *value, portolan_error *err) {
    yaml_node *fresh = NULL;
    if (!*path || !parse_value(doc, path, value, &fresh, err))
        return err->status ? false : error_usage(err, "--set wants key=value, found '=%.60s'", value);
    return put_node(doc, path, fresh, err);
}

bool yaml_change(yaml_document *doc, const char *change, char *path, portolan_error *err) {
    enum { LONGEST = 256 };
    char own[LONGEST];
    const char *equals = strchr(change, '=');
    if (!path) path = own;
    if (!equals || equals == change || equals - change >= LONGEST)
        return error_usage(err, "--set wants key=value, found '%.100s'", change);
    memcpy(path, change, (size_t)(equals - change));
    path[equals - change] = '\0';
    if (!equals[1]) return error_usage(err, "--set wants key=value, found nothing behind '%.100s'", change);
    return yaml_set(doc, path, equals + 1, err);
}
