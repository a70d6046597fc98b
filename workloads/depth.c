/* The depth tasks: a machine of five states and four buttons, of which as many are pressed as the sample is deep.
 *
 *     c7 h30 g2 f11           (depth 3: h leads from c to b, g from b to d, f from d to e: the answer is e)
 *
 * A button moves every state elsewhere, each to another one: a permutation without fixed points. The buttons generate all
 * permutations of the five states, so that nothing but following the presses one by one, or composing permutations, tells
 * where the machine ends: the word problem of S5, which needs depth (Barrington 1989; for transformers Merrill, Petty and
 * Sabharwal 2024, "The illusion of state in state-space models"). States and buttons have many names each, which mean the
 * same, so that there are too many texts of any depth to be learned by heart; or one (`names: one`, "c h g f"), as the model
 * of the zoo knows them.
 *
 * `depth`: deeper samples are longer. In the others `stop` ends what counts, and buttons that do not count follow: in
 * `depth-flat` so many that all samples are equally long, in `depth-mixed` some. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "dataset_rows.h"

enum {
    DEEPEST = 10,
    LONGEST = 12, /* presses of depth-mixed, those included that do not count */
    STATES = 5,
    BUTTONS = 4,
    STATE_NAMES = 16, /* of each state: c0 to c15 */
    BUTTON_NAMES = 32,
    WORD_BYTES = sizeof " stop",
    TEXT_BYTES = (LONGEST + 2) * WORD_BYTES
};

static const char *const CLASS_NAMES[] = {"a", "b", "c", "d", "e", NULL};
static const char *const TASK_NAMES[] = {"depth", "depth-flat", "depth-mixed"};
const char *const DEPTH_PARTS[] = {"train", "dev", NULL};
const char *const DEPTH_NAMES[] = {"many", "one", NULL};

/* Where buttons f to i lead from states a to e. */
static const char MOVES[BUTTONS][STATES + 1] = {"dcbea", "bdaec", "dabec", "baecd"};

/* How many names letter k has: 'a' + k, of a state or a button. */
static unsigned names_of(int names, unsigned k) {
    return names == DEPTH_NAMES_ONE ? 1 : k < STATES ? STATE_NAMES : BUTTON_NAMES;
}

/* A text being written. */
typedef struct writing {
    char text[TEXT_BYTES];
    size_t length;
    unsigned state; /* in which the machine is */
    int names;      /* depth_names */
} writing;

/* Writes a name into a text of WORD_BYTES at least; returns its length. */
static size_t write_name(char *text, unsigned k, unsigned number, int names) {
    return (size_t)(names == DEPTH_NAMES_ONE ? snprintf(text, WORD_BYTES, "%c", (char)('a' + k))
                                             : snprintf(text, WORD_BYTES, "%c%u", (char)('a' + k), number));
}

char *depth_vocabulary(int names) {
    static const char FIRST[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", LAST[] = "stop\n";
    char *text = malloc(sizeof FIRST + (STATES * STATE_NAMES + BUTTONS * BUTTON_NAMES) * WORD_BYTES + sizeof LAST);
    if (!text) return NULL;
    size_t n = sizeof FIRST - 1;
    memcpy(text, FIRST, n);
    for (unsigned k = 0; k < STATES + BUTTONS; k++)
        for (unsigned number = 0; number < names_of(names, k); number++) {
            n += write_name(text + n, k, number, names);
            text[n++] = '\n';
        }
    memcpy(text + n, LAST, sizeof LAST);
    return text;
}

/* Adds a name of letter k, drawn where there are several. */
static void add_name(writing *w, unsigned k, random_stream *s) {
    unsigned many = names_of(w->names, k), number = many > 1 ? (unsigned)random_below(s, many) : 0;
    if (w->length) w->text[w->length++] = ' ';
    w->length += write_name(w->text + w->length, k, number, w->names);
}

/* The start and the presses that count. */
static void write_what_counts(writing *w, unsigned depth, random_stream *s) {
    w->length = 0;
    w->state = (unsigned)random_below(s, STATES);
    add_name(w, w->state, s);
    for (unsigned k = 0; k < depth; k++) {
        unsigned button = (unsigned)random_below(s, BUTTONS);
        w->state = (unsigned)(MOVES[button][w->state] - 'a');
        add_name(w, STATES + button, s);
    }
}

static void write_filler(writing *w, unsigned presses, random_stream *s) {
    w->length += (size_t)snprintf(w->text + w->length, WORD_BYTES, " stop");
    while (presses--) add_name(w, STATES + (unsigned)random_below(s, BUTTONS), s);
}

/* The first 64 bits of the SHA-256 of a text. */
static uint64_t hash_of(const char *text, size_t length) {
    unsigned char digest[TEXT_DIGEST];
    uint64_t hash = 0;
    text_digest(text, length, digest);
    for (int i = 0; i < 8; i++) hash = hash << 8 | digest[i];
    return hash;
}

/* With many names what counts belongs to one part for good, by its hash: whatever the seeds, training sets and development
 * sets have none of it in common. With one name there are too few texts for that. */
static bool add_sample(dataset *d, uint32_t i, depth_task task, const dataset_settings *settings, portolan_error *err) {
    writing w = {.names = settings->names};
    unsigned depth = 1 + i % DEEPEST;
    random_stream s = random_open(settings->data_seed, settings->part ? "depth dev" : "depth train", i);
    do {
        write_what_counts(&w, depth, &s);
        if (d->groups) d->groups[i] = hash_of(w.text, w.length);
    } while (d->groups && d->groups[i] % 2 != (uint64_t)settings->part);
    if (task == DEPTH_FLAT) write_filler(&w, DEEPEST - depth, &s);
    if (task == DEPTH_MIXED) write_filler(&w, (unsigned)random_below(&s, LONGEST - depth + 1), &s);
    d->labels[i] = w.state;
    d->depths[i] = (uint8_t)depth;
    d->text_a[i] = arena_text(&d->memory, w.text, w.length);
    return d->text_a[i] || error_memory(err, w.length);
}

/* The classes that the states are to the caller's mapping. */
static bool find_states(const class_list *given, uint32_t places[STATES], portolan_error *err) {
    for (uint32_t i = 0; i < STATES; i++) {
        places[i] = i;
        if (given->names && !class_named(given, CLASS_NAMES[i], &places[i]))
            return error_usage(err, "the depth tasks have the class '%s', which %s does not name", CLASS_NAMES[i],
                               given->owner);
    }
    return true;
}

bool dataset_generate_depth(dataset *d, const dataset_settings *s, depth_task task, portolan_error *err) {
    uint32_t places[STATES];
    *d = (dataset){.task = TASK_NAMES[task], .samples = (uint32_t)s->samples, .metric = METRIC_ACCURACY};
    labels_of_task(d, CLASS_NAMES, &s->classes);
    d->text_a = arena_alloc(&d->memory, d->samples, sizeof *d->text_a);
    d->labels = arena_alloc(&d->memory, d->samples, sizeof *d->labels);
    bool many = s->names == DEPTH_NAMES_MANY;
    if (many) d->groups = arena_alloc(&d->memory, d->samples, sizeof *d->groups);
    d->depths = arena_alloc(&d->memory, d->samples, 1);
    bool ok = (d->text_a && d->labels && d->depths && (d->groups || !many)) ||
              error_memory(err, d->samples * sizeof *d->text_a);
    ok = ok && find_states(&s->classes, places, err);
    for (uint32_t i = 0; ok && i < d->samples; i++) {
        ok = add_sample(d, i, task, s, err);
        d->labels[i] = places[d->labels[i]];
    }
    if (!ok) dataset_free(d);
    return ok;
}
