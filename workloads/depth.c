/* The depth task: a machine of five states and four buttons, of which as many are pressed as the sample is deep.
 *
 *     c h g f                 (depth 3: h leads from c to b, g from b to d, f from d to e: the answer is e)
 *
 * A button moves every state elsewhere, each to another one: a permutation without fixed points. The buttons generate all
 * permutations of the five states, so that nothing but following the presses one by one, or composing permutations, tells
 * where the machine ends: the word problem of S5, which needs depth (Barrington 1989; for transformers Merrill, Petty and
 * Sabharwal 2024, "The illusion of state in state-space models"). `depth`: deeper samples are longer. `depth-flat`: after
 * the presses comes `stop` and after it buttons that no longer count, so that all samples are equally long. */
#include <string.h>

#include "dataset_rows.h"

enum { DEEPEST = 10, STATES = 5, BUTTONS = 4 };

static const char *const CLASS_NAMES[] = {"a", "b", "c", "d", "e", NULL};
const char *const DEPTH_PARTS[] = {"train", "dev", NULL};

const char DEPTH_VOCABULARY[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\ng\nh\ni\nstop\n";

/* Where buttons f to i lead from states a to e. */
static const char MOVES[BUTTONS][STATES + 1] = {"dcbea", "bdaec", "dabec", "baecd"};

static size_t append(char *text, size_t n, const char *word) {
    size_t length = strlen(word);
    if (n) text[n++] = ' ';
    memcpy(text + n, word, length + 1);
    return n + length;
}

/* Writes a sample's text and returns the state in which it ends. */
static unsigned write_presses(char *text, unsigned depth, bool flat, random_stream *s) {
    unsigned state = (unsigned)random_below(s, STATES);
    size_t n = append(text, 0, CLASS_NAMES[state]);
    for (unsigned k = 0; k < (flat ? DEEPEST : depth); k++) {
        unsigned button = (unsigned)random_below(s, BUTTONS);
        const char name[2] = {(char)('a' + STATES + button), 0};
        if (k < depth) state = (unsigned)(MOVES[button][state] - 'a');
        if (flat && k == depth) n = append(text, n, "stop");
        n = append(text, n, name);
    }
    if (flat && depth == DEEPEST) append(text, n, "stop");
    return state;
}

static bool add_sample(dataset *d, uint32_t i, unsigned depth, bool flat, random_stream *s, portolan_error *err) {
    char text[2 * (DEEPEST + 1) + sizeof " stop"];
    d->labels[i] = write_presses(text, depth, flat, s);
    d->text_a[i] = arena_text(&d->memory, text, strlen(text));
    d->depths[i] = (uint8_t)depth;
    return d->text_a[i] || error_memory(err, sizeof text);
}

/* The classes that the states are to the caller's mapping. */
static bool find_states(const class_list *given, uint32_t places[STATES], portolan_error *err) {
    for (uint32_t i = 0; i < STATES; i++) {
        places[i] = i;
        if (given->names && !class_named(given, CLASS_NAMES[i], &places[i]))
            return error_usage(err, "the depth task has the class '%s', which %s does not name", CLASS_NAMES[i],
                               given->owner);
    }
    return true;
}

bool dataset_generate_depth(dataset *d, const dataset_settings *s, bool flat, portolan_error *err) {
    uint32_t places[STATES];
    *d = (dataset){.task = flat ? "depth-flat" : "depth", .samples = (uint32_t)s->samples, .metric = METRIC_ACCURACY};
    labels_of_task(d, CLASS_NAMES, &s->classes);
    d->text_a = arena_alloc(&d->memory, d->samples, sizeof *d->text_a);
    d->labels = arena_alloc(&d->memory, d->samples, sizeof *d->labels);
    d->depths = arena_alloc(&d->memory, d->samples, 1);
    bool ok = (d->text_a && d->labels && d->depths) || error_memory(err, d->samples * sizeof *d->text_a);
    ok = ok && find_states(&s->classes, places, err);
    for (uint32_t i = 0; ok && i < d->samples; i++) {
        random_stream stream = random_open(s->data_seed, s->part ? "depth dev" : "depth train", i);
        ok = add_sample(d, i, 1 + i % DEEPEST, flat, &stream, err);
        d->labels[i] = places[d->labels[i]];
    }
    if (!ok) dataset_free(d);
    return ok;
}
