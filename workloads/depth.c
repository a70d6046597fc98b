/* The depth task: little programs of assignments, whose value needs as many steps to find as the sample is deep.
 *
 *     d ? a = true b not a c = a d not b          (depth 3: d is not b, b is not a, a is true; the answer is true)
 *
 * Name k is assigned by the k-th statement: to a constant, or to an earlier name, as it is (=) or negated (not). The name
 * asked about hangs on a chain of `depth` statements; the others hang on any earlier name, so that no count of `not`s gives
 * the answer, only following the chain does. Half of the answers are true at every depth. `depth`: the program has `depth` + 3
 * statements, so deeper samples are longer; `depth-flat`: all programs have 10. */
#include <stdio.h>
#include <string.h>

#include "workloads.h"

enum { DEEPEST = 10, DEEPEST_FLAT = 8, EXTRA = 3, FLAT_STATEMENTS = 10, MOST_STATEMENTS = DEEPEST + EXTRA };

static const char *const CLASS_NAMES[] = {"false", "true", NULL};
const char *const DEPTH_PARTS[] = {"train", "dev", NULL};

const char DEPTH_VOCABULARY[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n?\n=\nnot\ntrue\nfalse\n"
                                "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\n";

typedef struct program {
    int statements, source[MOST_STATEMENTS]; /* the earlier statement whose name is used; -1: a constant */
    bool negated[MOST_STATEMENTS], constant[MOST_STATEMENTS], value[MOST_STATEMENTS];
    int asked;
} program;

/* Picks `depth` statements of the first `among` as the chain, each hanging on the one before; returns the last. */
static int draw_chain(program *p, int depth, int among, bool *on_chain, random_stream *s) {
    int last = -1;
    for (int k = 0, left = depth; k < among && left; k++) {
        if (random_below(s, (uint64_t)(among - k)) >= (uint64_t)left) continue;
        p->source[k] = last;
        on_chain[k] = true;
        last = k;
        left--;
    }
    return last;
}

static void draw_program(program *p, int depth, bool flat, random_stream *s) {
    bool on_chain[MOST_STATEMENTS] = {false};
    *p = (program){.statements = flat ? FLAT_STATEMENTS : depth + EXTRA};
    p->asked = draw_chain(p, depth, p->statements, on_chain, s);
    for (int k = 0; k < p->statements; k++) {
        if (!on_chain[k]) p->source[k] = k && random_uniform(s) >= 0.3 ? (int)random_below(s, (uint64_t)k) : -1;
        p->negated[k] = random_below(s, 2);
        p->constant[k] = random_below(s, 2);
        p->value[k] = (p->source[k] < 0 ? p->constant[k] : p->value[p->source[k]]) != p->negated[k];
    }
}

static size_t write_program(const program *p, char *text, size_t size) {
    size_t n = (size_t)snprintf(text, size, "%c ?", 'a' + p->asked);
    for (int k = 0; k < p->statements; k++) {
        const char name[2] = {(char)('a' + (p->source[k] < 0 ? 0 : p->source[k])), 0};
        n += (size_t)snprintf(text + n, size - n, " %c %s %s", 'a' + k, p->negated[k] ? "not" : "=",
                              p->source[k] < 0 ? (p->constant[k] ? "true" : "false") : name);
    }
    return n;
}

static bool add_sample(dataset *d, uint32_t i, int depth, bool flat, random_stream *s, portolan_error *err) {
    char text[MOST_STATEMENTS * 12 + 8];
    program p;
    draw_program(&p, depth, flat, s);
    size_t length = write_program(&p, text, sizeof text);
    d->text_a[i] = arena_text(&d->memory, text, length);
    d->labels[i] = p.value[p.asked];
    d->depths[i] = (uint8_t)depth;
    return d->text_a[i] || error_memory(err, length);
}

bool dataset_generate_depth(dataset *d, const dataset_settings *s, bool flat, portolan_error *err) {
    uint32_t deepest = flat ? DEEPEST_FLAT : DEEPEST;
    *d = (dataset){.task = flat ? "depth-flat" : "depth", .samples = (uint32_t)s->samples, .classes = 2,
                   .class_names = CLASS_NAMES, .metric = METRIC_ACCURACY};
    d->text_a = arena_alloc(&d->memory, d->samples, sizeof *d->text_a);
    d->labels = arena_alloc(&d->memory, d->samples, sizeof *d->labels);
    d->depths = arena_alloc(&d->memory, d->samples, 1);
    bool ok = (d->text_a && d->labels && d->depths) || error_memory(err, d->samples * sizeof *d->text_a);
    for (uint32_t i = 0; ok && i < d->samples; i++) {
        random_stream stream = random_open(s->data_seed, s->part ? "depth dev" : "depth train", i);
        ok = add_sample(d, i, (int)(1 + i % deepest), flat, &stream, err);
    }
    if (!ok) dataset_free(d);
    return ok;
}
