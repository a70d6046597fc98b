/* The search for the thresholds that make the best router.
 *
 * Every candidate (alpha, beta) cuts the fitting samples into three pools. Samples are sorted once into the cells of the
 * grid of candidates; sums over cells, accumulated along both axes, then give every candidate's pools and their means. The
 * held-out samples' products with all means are one matrix product a block of candidates. With several prototypes a pool
 * there is no such short cut: each candidate's router is fitted, and fewer candidates are tried. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/statistics/statistics.h"
#include "cartography.h"
#include "model/encoder/encoder.h"

enum { STEPS = 40, FEW_STEPS = 10, EXIT_STEPS = 160, MOST_LEVELS = EXIT_STEPS + 2, BLOCK = 64 };

/* A value above every confidence, and one below every variability: pools beyond them are empty. */
static const double ABOVE = 1.01, BELOW = -0.01;

void surface_free(surface *s) {
    free(s->points);
    *s = (surface){0};
}

/* ---- Candidates ---- */

/* Ascending levels of a coordinate. */
typedef struct levels {
    double values[MOST_LEVELS];
    uint32_t count;
} levels;

/* Levels have six decimals, so that a threshold can be written down and given again. */
static void add_level(levels *l, double x) {
    x = round(x * 1e6) / 1e6;
    if (!l->count || x > l->values[l->count - 1]) l->values[l->count++] = x;
}

typedef struct level_rule {
    int steps;
    double first, last;
} level_rule;

/* The rule's first level, the quantiles i / steps of n values, its last level. */
static bool quantile_levels(levels *l, const double *values, size_t n, level_rule rule, portolan_error *err) {
    double *sorted = malloc(n * sizeof *sorted);
    if (!sorted) return error_memory(err, n * sizeof *sorted);
    memcpy(sorted, values, n * sizeof *sorted);
    sort_values(sorted, n);
    l->count = 0;
    add_level(l, rule.first);
    for (int i = 1; i < rule.steps; i++) add_level(l, percentile_nearest_rank(sorted, n, 100.0 * i / rule.steps));
    add_level(l, rule.last);
    free(sorted);
    return true;
}

/* The grid: cells between levels, with the number of fitting samples and the sum of v of each, later of all cells with at
 * least that confidence and at most that variability. */
typedef struct grid {
    levels alpha, beta;
    uint32_t size;
    double *sums;     /* [alpha.count + 1][beta.count + 1][size] */
    uint64_t *counts; /* [alpha.count + 1][beta.count + 1] */
} grid;

static size_t cell_at(const grid *g, uint32_t a, uint32_t b) { return (size_t)a * (g->beta.count + 1) + b; }

/* alpha = t and beta = -t for the levels t of confidence in either coordinate. */
static bool exit_levels(grid *g, const fitting *f, portolan_error *err) {
    double *all = malloc(2 * (size_t)f->samples * sizeof *all);
    if (!all) return error_memory(err, 2 * (size_t)f->samples * sizeof *all);
    for (uint32_t i = 0; i < f->samples; i++) {
        all[2 * i] = f->confidence[i];
        all[2 * i + 1] = -f->variability[i];
    }
    bool ok = quantile_levels(&g->alpha, all, 2 * (size_t)f->samples, (level_rule){EXIT_STEPS, 0, ABOVE}, err);
    free(all);
    g->beta.count = g->alpha.count;
    for (uint32_t i = 0; i < g->alpha.count; i++) g->beta.values[i] = -g->alpha.values[g->alpha.count - 1 - i];
    return ok;
}

static bool choose_levels(grid *g, const router *r, const fitting *f, const double fixed[2], portolan_error *err) {
    int method = r->method, steps = r->count > 1 ? FEW_STEPS : STEPS;
    if (method == METHOD_EXIT_POOLS && !isnan(fixed[0])) {
        g->alpha = (levels){{fixed[0]}, 1};
        g->beta = (levels){{-fixed[0]}, 1};
        return true;
    }
    if (method == METHOD_EXIT_POOLS) return exit_levels(g, f, err);
    g->alpha = (levels){{fixed[0]}, 1};
    g->beta = (levels){{fixed[1]}, 1};
    return (!isnan(fixed[0]) ||
            quantile_levels(&g->alpha, f->confidence, f->samples, (level_rule){steps, 0, ABOVE}, err)) &&
           (!isnan(fixed[1]) ||
            quantile_levels(&g->beta, f->variability, f->samples, (level_rule){steps, BELOW, 0.5}, err));
}

static bool allocate_grid(grid *g, uint32_t size, portolan_error *err) {
    size_t cells = cell_at(g, g->alpha.count + 1, 0);
    g->size = size;
    g->sums = calloc(cells * size, sizeof *g->sums);
    g->counts = calloc(cells, sizeof *g->counts);
    return (g->sums && g->counts) || error_memory(err, cells * size * sizeof *g->sums);
}

static void free_grid(grid *g) {
    free(g->sums);
    free(g->counts);
}

/* Levels that x reaches (x >= level), and levels that it lies above (x > level). */
static uint32_t levels_reached(const levels *l, double x) {
    uint32_t n = 0;
    while (n < l->count && x >= l->values[n]) n++;
    return n;
}

static uint32_t levels_exceeded(const levels *l, double x) {
    uint32_t n = 0;
    while (n < l->count && x > l->values[n]) n++;
    return n;
}

static void add_cell(grid *g, size_t into, size_t from) {
    g->counts[into] += g->counts[from];
    for (uint32_t d = 0; d < g->size; d++) g->sums[into * g->size + d] += g->sums[from * g->size + d];
}

/* Cell (a, b) then holds all samples that reach at least a levels of confidence and exceed at most b of variability. */
static void fill_grid(grid *g, const fitting *f) {
    for (uint32_t i = 0; i < f->samples; i++) {
        size_t cell = cell_at(g, levels_reached(&g->alpha, f->confidence[i]),
                              levels_exceeded(&g->beta, f->variability[i]));
        g->counts[cell]++;
        for (uint32_t d = 0; d < g->size; d++) g->sums[cell * g->size + d] += f->v[(size_t)i * g->size + d];
    }
    for (uint32_t a = 0; a <= g->alpha.count; a++)
        for (uint32_t b = 1; b <= g->beta.count; b++) add_cell(g, cell_at(g, a, b), cell_at(g, a, b - 1));
    for (uint32_t a = g->alpha.count; a-- > 0;)
        for (uint32_t b = 0; b <= g->beta.count; b++) add_cell(g, cell_at(g, a, b), cell_at(g, a + 1, b));
}

/* ---- Trying candidates ---- */

/* The means of a candidate's pools. */
typedef struct trial {
    uint32_t a, b;
    bool has[POOLS];
    double constant[POOLS]; /* l2: half the squared norm of the mean; cosine: its norm */
} trial;

typedef struct search {
    router *r;
    const fitting *f;
    const evaluation_set *held;
    const search_settings *s;
    grid g;
    trial *trials; /* [count] */
    size_t count;
    double *means;    /* [BLOCK * POOLS][size] of a block of trials */
    double *products; /* [samples][BLOCK * POOLS] */
    uint8_t *to;      /* [samples] */
} search;

/* The mean of the pool whose sum is `more` minus `less` (a cell of no sample where nothing is to be taken off). */
static void set_mean(const search *q, trial *t, int k, size_t more, const size_t *less, double *mean) {
    const grid *g = &q->g;
    uint64_t n = g->counts[more] - (less ? g->counts[*less] : 0);
    double squares = 0;
    t->has[k] = n > 0;
    for (uint32_t d = 0; d < g->size; d++) {
        double sum = g->sums[more * g->size + d] - (less ? g->sums[*less * g->size + d] : 0);
        mean[d] = n ? (double)(float)(sum / (double)n) : 0;
        squares += mean[d] * mean[d];
    }
    t->constant[k] = q->r->distance == DISTANCE_L2 ? squares / 2 : sqrt(squares);
}

static void set_means(const search *q, trial *t, double *means) {
    const grid *g = &q->g;
    uint32_t most = g->beta.count, size = g->size;
    size_t easy = cell_at(g, t->a + 1, t->b), confident = cell_at(g, t->a + 1, most), all = cell_at(g, 0, most);
    set_mean(q, t, POOL_EASY, easy, NULL, means);
    set_mean(q, t, POOL_MEDIUM, confident, &easy, means + size);
    set_mean(q, t, POOL_HARD, all, &confident, means + 2 * (size_t)size);
}

/* The nearest pool, from v's products with the means: |v - m|^2 / 2 = |v|^2 / 2 - v m + |m|^2 / 2. */
static uint8_t nearest(const trial *t, int distance, const double *products) {
    double most = -INFINITY;
    uint8_t best = 0;
    for (uint8_t k = 0; k < POOLS; k++) {
        if (!t->has[k]) continue;
        double score = distance == DISTANCE_L2 ? products[k] - t->constant[k]
                       : t->constant[k] > 0    ? products[k] / t->constant[k]
                                               : 0;
        if (score > most) {
            most = score;
            best = k;
        }
    }
    return best;
}

static surface_point evaluated(const search *q, const trial *t) {
    return (surface_point){{q->g.alpha.values[t->a], q->g.beta.values[t->b]},
                           evaluation_of(q->held, q->to, &q->s->prices)};
}

static void try_block(search *q, size_t first, size_t n, surface_point *points) {
    uint32_t size = q->g.size;
    for (size_t i = 0; i < n; i++) set_means(q, &q->trials[first + i], q->means + i * POOLS * size);
    blas.dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)q->held->samples, (blasint)(n * POOLS), (blasint)size,
               1, q->held->v, (blasint)size, q->means, (blasint)size, 0, q->products, BLOCK * POOLS);
    for (size_t i = 0; i < n; i++) {
        const trial *t = &q->trials[first + i];
        for (uint32_t x = 0; x < q->held->samples; x++)
            q->to[x] = nearest(t, q->r->distance, q->products + (size_t)x * BLOCK * POOLS + i * POOLS);
        points[first + i] = evaluated(q, t);
    }
}

/* The same for one candidate, by its router. */
static bool try_router(search *q, const trial *t, surface_point *point, portolan_error *err) {
    if (!router_fit(q->r, q->f, q->g.alpha.values[t->a], q->g.beta.values[t->b], err)) return false;
    for (uint32_t x = 0; x < q->held->samples; x++)
        q->to[x] = (uint8_t)router_assign(q->r, q->held->v + (size_t)x * q->held->size);
    *point = evaluated(q, t);
    return true;
}

/* Cartography tries every pair of levels; exit pools only those with beta = -alpha. */
static void list_trials(search *q) {
    uint32_t betas = q->g.beta.count;
    q->count = 0;
    for (uint32_t a = 0; a < q->g.alpha.count; a++)
        for (uint32_t b = 0; b < betas; b++)
            if (q->r->method != METHOD_EXIT_POOLS || b == betas - 1 - a)
                q->trials[q->count++] = (trial){.a = a, .b = b};
}

/* Whether one evaluation is better than another: by reward; or, of those within the drop, by saving and then accuracy. */
static bool is_better(const search_settings *s, const evaluation *x, const evaluation *than) {
    if (s->objective == OBJECTIVE_REWARD) return x->reward > than->reward;
    if (x->drop > s->drop + 1e-9) return false;
    if (than->drop > s->drop + 1e-9) return true;
    return x->saving > than->saving || (x->saving == than->saving && x->accuracy > than->accuracy);
}

void surface_choose(surface *found, const search_settings *s) {
    found->chosen = 0;
    for (size_t i = 1; i < found->count; i++)
        if (is_better(s, &found->points[i].gives, &found->points[found->chosen].gives)) found->chosen = i;
    const evaluation *best = &found->points[found->chosen].gives;
    found->satisfied = s->objective == OBJECTIVE_REWARD ||
                       (best->drop <= s->drop + 1e-9 && best->shares[POOL_HARD] < 1);
}

static bool allocate_search(search *q, portolan_error *err) {
    size_t most = (size_t)q->g.alpha.count * q->g.beta.count, n = q->held->samples ? q->held->samples : 1;
    q->trials = malloc(most * sizeof *q->trials);
    q->means = malloc((size_t)BLOCK * POOLS * q->g.size * sizeof *q->means);
    q->products = malloc(n * BLOCK * POOLS * sizeof *q->products);
    q->to = malloc(n);
    return (q->trials && q->means && q->products && q->to) ||
           error_memory(err, n * BLOCK * POOLS * sizeof *q->products);
}

static void free_search(search *q) {
    free_grid(&q->g);
    free(q->trials);
    free(q->means);
    free(q->products);
    free(q->to);
}

/* All trials, and behind them the pools of which only the hard one is filled: every request to the cloud, which keeps to
 * any drop. It is left out where the thresholds are given. */
static bool try_all(search *q, surface *found, portolan_error *err) {
    list_trials(q);
    found->count = q->count > 1 ? q->count + 1 : 1;
    found->points = calloc(found->count, sizeof *found->points);
    if (!found->points) return error_memory(err, found->count * sizeof *found->points);
    bool ok = true;
    for (size_t i = 0; ok && q->r->count > 1 && i < q->count; i++)
        ok = try_router(q, &q->trials[i], &found->points[i], err);
    for (size_t first = 0; q->r->count == 1 && first < q->count; first += BLOCK)
        try_block(q, first, q->count - first < BLOCK ? q->count - first : BLOCK, found->points);
    if (q->count > 1) {
        memset(q->to, POOL_HARD, q->held->samples);
        found->points[q->count] = (surface_point){{ABOVE, -ABOVE}, evaluation_of(q->held, q->to, &q->s->prices)};
    }
    surface_choose(found, q->s);
    return ok;
}

bool router_search(router *r, const fitting *f, const evaluation_set *held, const search_settings *s, surface *found,
                   portolan_error *err) {
    search q = {.r = r, .f = f, .held = held, .s = s};
    *found = (surface){0};
    if (!f->samples) return error_usage(err, "there are no samples to make pools of");
    bool ok = blas_open(1, err) && choose_levels(&q.g, r, f, s->fixed, err);
    if (ok && !held->samples && q.g.alpha.count * q.g.beta.count > 1)
        ok = error_usage(
            err, "there are no held-out samples to search thresholds on; train with 'training.holdout', or give "
                 "--alpha and --beta");
    ok = ok && allocate_grid(&q.g, r->size, err);
    if (ok) fill_grid(&q.g, f);
    ok = ok && allocate_search(&q, err) && try_all(&q, found, err) &&
         router_fit(r, f, found->points[found->chosen].thresholds[0], found->points[found->chosen].thresholds[1], err);
    free_search(&q);
    if (!ok) surface_free(found);
    return ok;
}
