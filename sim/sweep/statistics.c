/* Statistics of a sweep. */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Streams of random numbers of a policy at a setting, one a metric by its index. Another number would change the intervals of
 * sweeps that were made before, as does a metric in front of a percentile. */
enum { BOOTSTRAP_STREAMS = 40 };
_Static_assert((int)METRIC_COUNT <= (int)BOOTSTRAP_STREAMS, "each metric has a stream of its own");

/* ---- From rows to cells ---- */

static sweep_cell *add_cell(sweep_statistics *st, const point_record *p, const point_result *result,
                            portolan_error *err) {
    size_t n = METRIC_COUNT * st->w->seed_count;
    if (!ARRAY_RESERVE(st->cells, st->room, st->cell_count + 1, err)) return NULL;
    sweep_cell *c = &st->cells[st->cell_count++];
    *c = (sweep_cell){.setting = p->setting, .position = result->position};
    const policy_type *type = policy_find(result->type);
    c->oracle = type && !type->route;
    c->policy = arena_text(&st->memory, result->policy, strlen(result->policy));
    c->values = arena_alloc(&st->memory, n, sizeof *c->values);
    if (!c->policy || !c->values) return error_memory(err, n * sizeof *c->values), NULL;
    for (size_t i = 0; i < n; i++) c->values[i] = NAN;
    return c;
}

static int by_setting(const void *a, const void *b) {
    const sweep_cell *x = a, *y = b;
    if (x->setting != y->setting) return x->setting < y->setting ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

static sweep_cell *find_cell(sweep_statistics *st, size_t sorted, size_t setting, size_t position) {
    sweep_cell key = {.setting = setting, .position = position};
    return sorted ? bsearch(&key, st->cells, sorted, sizeof *st->cells, by_setting) : NULL;
}

typedef struct collector {
    sweep_statistics *st;
    const sweep_store *store;
    size_t sorted, seed; /* cells of earlier seeds, in order; the seed being read */
} collector;

static bool collect_policy(collector *c, const point_record *p, const point_result *result, portolan_error *err) {
    sweep_statistics *st = c->st;
    sweep_cell *found = find_cell(st, c->sorted, p->setting, result->position);
    if (!found && !(found = add_cell(st, p, result, err))) return false;
    if (strcmp(found->policy, result->policy) != 0)
        return error_run(err, "%s is damaged: policy %zu of point %zu is '%.60s', with other seeds '%.60s'",
                         c->store->path, result->position, p->point, result->policy, found->policy);
    for (size_t m = 0; m < METRIC_COUNT; m++)
        found->values[m * st->w->seed_count + c->seed] = metric_value(&METRICS[m], &result->summary);
    return true;
}

/* Points come seed by seed, so what an earlier seed has seen is sorted when the next begins. */
static bool collect(const point_record *p, void *context, portolan_error *err) {
    collector *c = context;
    sweep_statistics *st = c->st;
    bool ok = true;
    if (seed_of(st->w, p->point) != c->seed) {
        if (st->cell_count) qsort(st->cells, st->cell_count, sizeof *st->cells, by_setting);
        c->sorted = st->cell_count;
        c->seed = seed_of(st->w, p->point);
    }
    for (size_t i = 0; ok && i < p->count; i++) ok = collect_policy(c, p, &p->results[i], err);
    return ok;
}

/* ---- Intervals ---- */

static const double *values_of(const sweep_statistics *st, const sweep_cell *c, size_t m) {
    return c->values + m * st->w->seed_count;
}

static bool compute_metric(sweep_statistics *st, sweep_cell *c, size_t m, double *present, portolan_error *err) {
    const sweep_questions *q = &st->w->questions;
    const double *values = values_of(st, c, m);
    size_t n = 0;
    for (size_t k = 0; k < st->w->seed_count; k++)
        if (!isnan(values[k])) present[n++] = values[k];
    if (!(METRICS[m].flags & METRIC_PERCENTILE)) {
        c->metrics[m] = t_interval(present, n, q->confidence);
        return true;
    }
    random_stream s = random_open(c->setting, "bootstrap", c->position * BOOTSTRAP_STREAMS + m);
    return bootstrap_interval(present, n, q->confidence, q->resamples, &s, &c->metrics[m]) ||
           error_memory(err, q->resamples * sizeof(double));
}

static bool compute_metrics(sweep_statistics *st, portolan_error *err) {
    double *present = malloc((st->w->seed_count + 1) * sizeof *present);
    bool ok = present || error_memory(err, st->w->seed_count * sizeof *present);
    for (size_t i = 0; ok && i < st->cell_count; i++)
        for (size_t m = 0; ok && m < METRIC_COUNT; m++) ok = compute_metric(st, &st->cells[i], m, present, err);
    free(present);
    return ok;
}

/* The baseline at a setting: the cell of that label, or the first; NULL if it has no result there. */
static const sweep_cell *baseline_of(const sweep_statistics *st, const sweep_cell *first, const sweep_cell *end) {
    const char *label = st->w->questions.baseline;
    if (!label) return first->position == 0 ? first : NULL;
    for (const sweep_cell *c = first; c < end; c++)
        if (strcmp(c->policy, label) == 0) return c;
    return NULL;
}

static bool compare_setting(sweep_statistics *st, sweep_cell *first, sweep_cell *end, portolan_error *err) {
    const sweep_cell *base = baseline_of(st, first, end);
    size_t n = st->w->seed_count;
    for (sweep_cell *c = first; base && c < end; c++)
        for (size_t m = 0; c != base && m < METRIC_COUNT; m++)
            if (!paired_interval(values_of(st, c, m), values_of(st, base, m), n, st->w->questions.confidence,
                                 &c->differences[m]))
                return error_memory(err, n * sizeof(double));
    return true;
}

static bool compare_policies(sweep_statistics *st, portolan_error *err) {
    if (!st->cell_count) return true; /* and no array of them */
    sweep_cell *end = st->cells + st->cell_count, *next;
    for (sweep_cell *first = st->cells; first < end; first = next) {
        for (next = first; next < end && next->setting == first->setting;) next++;
        if (!compare_setting(st, first, next, err)) return false;
    }
    return true;
}

/* ---- Repetitions ---- */

static bool same_cell(const sweep_statistics *st, const sweep_cell *a, const sweep_cell *b) {
    size_t bytes = METRIC_COUNT * st->w->seed_count * sizeof(double);
    return strcmp(a->policy, b->policy) == 0 && memcmp(a->values, b->values, bytes) == 0;
}

static void find_repetitions(sweep_statistics *st) {
    for (size_t i = 0; i < st->cell_count; i++) {
        size_t k = 0;
        while (!(st->cells[k].same_as == k && same_cell(st, &st->cells[k], &st->cells[i])) && k < i) k++;
        st->cells[i].same_as = k;
    }
}

/* ---- The Pareto front ---- */

/* How much better x is than y: positive where it is. */
static double gain(const metric *m, double x, double y) { return m->better == BETTER_LESS ? y - x : x - y; }

/* Whether a cell takes part: a choice with a value in every metric of the front. */
static bool has_objectives(const sweep_statistics *st, const sweep_cell *c) {
    const sweep_questions *q = &st->w->questions;
    if (c->oracle || &st->cells[c->same_as] != c) return false;
    for (size_t k = 0; k < q->pareto_count; k++)
        if (isnan(c->metrics[metric_index(q->pareto[k])].mean)) return false;
    return true;
}

static bool dominates(const sweep_statistics *st, const sweep_cell *a, const sweep_cell *b) {
    const sweep_questions *q = &st->w->questions;
    bool better = false;
    for (size_t k = 0; k < q->pareto_count; k++) {
        size_t m = metric_index(q->pareto[k]);
        double g = gain(q->pareto[k], a->metrics[m].mean, b->metrics[m].mean);
        if (g < 0) return false;
        better |= g > 0;
    }
    return better;
}

/* Whether c is significantly better than `other` in one of the metrics, or the same in all. */
static bool stands_against(const sweep_statistics *st, const sweep_cell *c, const sweep_cell *other, bool *stands) {
    const sweep_questions *q = &st->w->questions;
    bool same = true;
    *stands = false;
    for (size_t k = 0; k < q->pareto_count; k++) {
        size_t m = metric_index(q->pareto[k]);
        interval d;
        if (!paired_interval(values_of(st, c, m), values_of(st, other, m), st->w->seed_count, q->confidence, &d))
            return false;
        same &= d.mean == 0 && d.sd == 0;
        *stands |= q->pareto[k]->better == BETTER_LESS ? d.high < 0 : d.low > 0;
    }
    *stands |= same;
    return true;
}

static bool place(sweep_statistics *st, sweep_cell *c, portolan_error *err) {
    if (!has_objectives(st, c)) return true;
    for (size_t i = 0; i < st->cell_count; i++)
        if (has_objectives(st, &st->cells[i]) && dominates(st, &st->cells[i], c)) return true;
    c->front = FRONT_ON;
    bool sure = st->w->seed_count > 1;
    for (size_t i = 0; sure && i < st->cell_count; i++)
        if (&st->cells[i] != c && has_objectives(st, &st->cells[i]) && !stands_against(st, c, &st->cells[i], &sure))
            return error_memory(err, st->w->seed_count * sizeof(double));
    if (sure) c->front = FRONT_SURE;
    return true;
}

/* ---- The best setting ---- */

/* Whether the bounds hold: for the means, or (`sure`) for the worse ends of the intervals too. */
static bool keeps_bounds(const sweep_questions *q, const sweep_cell *c, bool sure) {
    for (size_t i = 0; i < q->bound_count; i++) {
        const interval *x = &c->metrics[metric_index(q->bounds[i].metric)];
        bool less = q->bounds[i].metric->better == BETTER_LESS;
        double worst = !sure ? x->mean : less ? x->high : x->low;
        if (!(less ? worst <= q->bounds[i].value : worst >= q->bounds[i].value)) return false;
    }
    return true;
}

static const sweep_cell *find_best(const sweep_statistics *st, bool sure) {
    const sweep_questions *q = &st->w->questions;
    const sweep_cell *best = NULL;
    size_t m = q->objective ? metric_index(q->objective) : 0;
    for (size_t i = 0; q->objective && i < st->cell_count; i++) {
        const sweep_cell *c = &st->cells[i];
        if (c->oracle || isnan(c->metrics[m].mean) || !keeps_bounds(q, c, sure)) continue;
        if (!best || gain(q->objective, c->metrics[m].mean, best->metrics[m].mean) > 0) best = c;
    }
    return best;
}

bool sweep_statistics_read(sweep_statistics *st, const sweep *w, sweep_store *t, portolan_error *err) {
    *st = (sweep_statistics){.w = w};
    collector c = {.st = st, .store = t};
    bool ok = store_read(t, collect, &c, err);
    if (ok && st->cell_count) qsort(st->cells, st->cell_count, sizeof *st->cells, by_setting);
    ok = ok && compute_metrics(st, err) && compare_policies(st, err);
    if (ok) find_repetitions(st);
    for (size_t i = 0; ok && i < st->cell_count; i++) ok = place(st, &st->cells[i], err);
    if (!ok) {
        sweep_statistics_free(st);
        return false;
    }
    st->best = find_best(st, false);
    st->best_sure = w->seed_count > 1 ? find_best(st, true) : NULL;
    return true;
}

void sweep_statistics_free(sweep_statistics *st) {
    free(st->cells);
    arena_free(&st->memory);
    *st = (sweep_statistics){0};
}
