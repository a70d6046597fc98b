/* The search for options, and what can be promised of them. */
#include "tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/statistics/statistics.h"
#include "sim/engine/engine.h"

const char *const TUNE_OBJECTIVES[] = {"max_saving", "reward", NULL};

/* A setting of a policy's options, and what it makes of the samples. */
typedef struct candidate {
    double values[TUNE_MOST_OPTIONS];
    double accuracy, cost;
    double order;      /* the tests' sequence is ascending in it */
    signed char *lost; /* [samples] 1 where cloud-only is right and it is wrong, -1 where it is the other way round */
} candidate;

typedef struct tuner {
    tuning *t;
    scenario *s;
    policy_setup *policy;
    tuned_policy *out;
    const bool *cloud; /* [samples] whether cloud-only is right */
    replayed *played;  /* [samples] */
    candidate *tried;  /* [TUNE_TRIED] */
    size_t count;
    uint32_t *shuffled; /* [samples] all of them, in random order */
    double *losses;     /* [samples] of whom is tested, in that order */
    portolan_error *err;
} tuner;

/* ---- Settings ---- */

static void set_option(tuner *w, const policy_option *o, double value) {
    char *at = (char *)w->policy->options + o->offset;
    if (o->kind == OPTION_COUNT)
        *(uint64_t *)at = (uint64_t)value;
    else
        *(double *)at = value;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* 0, and quantiles of the samples' token counts. */
static bool token_values(tuner *w, double *values, size_t n) {
    uint32_t samples = w->t->samples, *sorted = malloc(samples * sizeof *sorted);
    if (!sorted) return error_memory(w->err, samples * sizeof *sorted);
    memcpy(sorted, w->s->table.tokens, samples * sizeof *sorted);
    qsort(sorted, samples, sizeof *sorted, ascending);
    values[0] = 0;
    for (size_t i = 1; i < n; i++) values[i] = sorted[(size_t)((double)i / (double)(n - 1) * (samples - 1))];
    free(sorted);
    return true;
}

/* n values of an option, from the most careful on, closer together there: a small part of the samples is at stake. */
static bool option_values(tuner *w, const policy_option *o, double *values, size_t n) {
    if (o->tune == TUNE_TOKENS) return token_values(w, values, n);
    for (size_t i = 0; i < n; i++) {
        double along = (double)i / (double)(n - 1), x = o->careful + (o->bold - o->careful) * along * along;
        values[i] = o->kind == OPTION_COUNT ? round(x) : round(x * 1e6) / 1e6;
    }
    return true;
}

static bool add_candidate(tuner *w, const double values[TUNE_MOST_OPTIONS]) {
    candidate *c = &w->tried[w->count];
    if (w->count && memcmp(c[-1].values, values, sizeof c->values) == 0) return true; /* rounded alike */
    *c = (candidate){.order = (double)w->count};
    memcpy(c->values, values, sizeof c->values);
    c->lost = malloc(w->t->samples * sizeof *c->lost);
    if (!c->lost) return error_memory(w->err, w->t->samples * sizeof *c->lost);
    w->count++;
    for (size_t i = 0; w->out->options[i]; i++) set_option(w, w->out->options[i], values[i]);
    if (!policy_replay(w->s, w->policy, NULL, w->played, w->err)) return false;
    for (uint32_t i = 0; i < w->t->samples; i++) {
        c->accuracy += w->played[i].right;
        c->cost += w->played[i].cost;
        c->lost[i] = (signed char)(w->cloud[i] - w->played[i].right);
    }
    c->accuracy /= w->t->samples;
    c->cost /= w->t->samples;
    return true;
}

/* Options that have a tuning range, as many as are tuned together. */
static size_t find_options(tuner *w) {
    size_t n = 0;
    for (const policy_option *o = w->policy->type->options; o && o->name && n < TUNE_MOST_OPTIONS; o++)
        if (o->tune != TUNE_NOT) w->out->options[n++] = o;
    return n;
}

static bool try_all(tuner *w) {
    double first[TUNE_TRIED], second[TUNE_TRIED], values[TUNE_MOST_OPTIONS] = {0};
    size_t options = find_options(w), side = options == 2 ? (size_t)sqrt(TUNE_TRIED) : TUNE_TRIED;
    if (!options) return add_candidate(w, values);
    if (!option_values(w, w->out->options[0], first, side) ||
        (options == 2 && !option_values(w, w->out->options[1], second, side)))
        return false;
    for (size_t i = 0; i < side; i++) {
        values[0] = first[i];
        if (options == 1 && !add_candidate(w, values)) return false;
        for (size_t k = 0; options == 2 && k < side; k++) {
            values[1] = second[k];
            if (!add_candidate(w, values)) return false;
        }
    }
    return true;
}

/* ---- Promises ---- */

static void gather(const tuner *w, const candidate *c, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) w->losses[i - from] = c->lost[w->shuffled[i]];
}

static double sum_of(const double *values, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += values[i];
    return sum;
}

static int by_order(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    return (x->cost < y->cost) - (x->cost > y->cost);
}

/* With two options one half of the samples orders the settings by their drop, and is then used up: the samples from here on
 * are for tests. */
static size_t order_candidates(tuner *w) {
    if (!w->out->options[0] || !w->out->options[1]) return 0;
    size_t half = w->t->samples / 2;
    for (size_t i = 0; i < w->count; i++) {
        gather(w, &w->tried[i], 0, half);
        w->tried[i].order = sum_of(w->losses, half);
    }
    qsort(w->tried, w->count, sizeof *w->tried, by_order);
    return half;
}

/* The last of the sequence before the first that fails; NULL: none passes. */
static const candidate *best_promised(tuner *w, size_t from) {
    double most = w->t->wanted.drop / 100, error = 1 - w->t->wanted.confidence;
    size_t n = w->t->samples - from;
    const candidate *best = NULL;
    for (size_t i = 0; i < w->count; i++) {
        const candidate *c = &w->tried[i];
        gather(w, c, from, w->t->samples);
        if (i == 0) w->out->smallest = 100 * mean_upper_bound(w->losses, n, error);
        if (!mean_is_below(w->losses, n, most, error)) break;
        if (!best || c->cost < best->cost) best = c;
    }
    return best;
}

static const candidate *best_reward(const tuner *w) {
    const candidate *best = &w->tried[0];
    double mu = w->t->wanted.mu_cost;
    for (size_t i = 1; i < w->count; i++)
        if (w->tried[i].accuracy - mu * w->tried[i].cost > best->accuracy - mu * best->cost) best = &w->tried[i];
    return best;
}

/* ---- One policy ---- */

static void choose(tuner *w) {
    size_t from = order_candidates(w);
    bool saving = w->t->wanted.objective == TUNE_MAX_SAVING;
    const candidate *promised = best_promised(w, from), *best = saving ? promised : best_reward(w);
    tuned_policy *out = w->out;
    out->tried = w->count;
    out->promised = promised == best && best;
    if (!best) best = &w->tried[0];
    memcpy(out->values, best->values, sizeof out->values);
    for (size_t i = 0; out->options[i]; i++) set_option(w, out->options[i], out->values[i]);
    out->accuracy = best->accuracy;
    out->cost = best->cost;
    out->saving = 1 - best->cost / w->t->cost;
    out->drop = 100 * (w->t->accuracy - best->accuracy);
    gather(w, best, from, w->t->samples);
    out->bound = 100 * mean_upper_bound(w->losses, w->t->samples - from, 1 - w->t->wanted.confidence);
}

static const char *reason_to_leave(const policy_setup *policy) {
    if (policy->type->route_knowing) return "an oracle";
    if (policy->follows >= 0) return "it takes another policy's shares";
    if (!policy_can_replay(policy)) return "it acts through load or learns, so it cannot be replayed without time";
    return NULL;
}

static bool tune_policy(tuner *w, size_t index) {
    w->policy = &w->s->policies[index];
    w->out = &w->t->policies[index];
    *w->out = (tuned_policy){.left_alone = reason_to_leave(w->policy)};
    if (w->out->left_alone) return true;
    w->count = 0;
    bool ok = try_all(w);
    if (ok) choose(w);
    for (size_t i = 0; i < w->count; i++) free(w->tried[i].lost);
    return ok;
}

/* ---- All ---- */

static bool open_tuner(tuner *w, bool *cloud) {
    tuning *t = w->t;
    uint32_t n = t->samples;
    w->played = malloc(n * sizeof *w->played);
    w->tried = malloc(TUNE_TRIED * sizeof *w->tried);
    w->shuffled = malloc(n * sizeof *w->shuffled);
    w->losses = malloc(n * sizeof *w->losses);
    if (!w->played || !w->tried || !w->shuffled || !w->losses) return error_memory(w->err, n * sizeof *w->played);
    random_stream order = random_open(w->s->seed, "tuning", 0);
    for (uint32_t i = 0; i < n; i++) w->shuffled[i] = i;
    random_shuffle(&order, w->shuffled, n);
    if (!cloud_replay(w->s, cloud, w->err)) return false;
    for (uint32_t i = 0; i < n; i++) t->accuracy += cloud[i];
    t->accuracy /= n;
    t->cost = scenario_tier_cost(w->s, TIER_CLOUD);
    return true;
}

bool tuning_make(tuning *t, scenario *s, const tune_settings *wanted, progress *bar, portolan_error *err) {
    *t = (tuning){.wanted = *wanted, .samples = s->table.samples};
    bool *cloud = malloc(t->samples);
    t->policies = calloc(s->policy_count, sizeof *t->policies);
    tuner w = {.t = t, .s = s, .cloud = cloud, .err = err};
    bool ok = (cloud && t->policies) || error_memory(err, t->samples);
    ok = ok && open_tuner(&w, cloud);
    for (size_t i = 0; ok && i < s->policy_count; i++) {
        progress_show(bar, "policies", i, s->policy_count);
        ok = tune_policy(&w, i);
    }
    free(w.played);
    free(w.tried);
    free(w.shuffled);
    free(w.losses);
    free(cloud);
    if (!ok) tuning_free(t);
    return ok;
}

void tuning_free(tuning *t) {
    free(t->policies);
    *t = (tuning){0};
}
