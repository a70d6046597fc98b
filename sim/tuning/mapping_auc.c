/* "Is it the map or the length?" Every score that could steer a sample away from the phone, rated by how well it tells
 * the samples about which the phone's exit is right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/statistics/statistics.h"
#include "mapping.h"

/* Scores of the held-out and of the dev samples. */
typedef struct scores {
    double *held, *dev;
} scores;

static double curve(const double *score, const evaluation_set *on) {
    double area = NAN;
    bool *right = malloc(on->samples ? on->samples : 1);
    if (!right) return NAN;
    bool all_finite = true;
    for (uint32_t i = 0; i < on->samples; i++) {
        right[i] = on->right[i][POOL_EASY];
        all_finite = all_finite && isfinite(score[i]);
    }
    if (all_finite) area = area_under_curve(score, right, on->samples);
    free(right);
    return area;
}

static void add_row(mapping *m, const char *name, const scores *s) {
    auc_row *row = &m->auc[m->auc_count++];
    snprintf(row->score, sizeof row->score, "%s", name);
    row->held = curve(s->held, &m->held_set);
    row->dev = curve(s->dev, &m->dev_set);
}

static void take_margins(const router *r, const evaluation_set *on, double *into) {
    for (uint32_t i = 0; i < on->samples; i++) into[i] = router_margin(r, on->v + (size_t)i * on->size);
}

/* The margin of the chosen router, or, for another representation, of the router that the same search gives with it. Where
 * a search leaves no choice between the phone and another tier, the pools at the medians stand in. */
static void add_margin(mapping *m, const router *r, const evaluation_set *held, const evaluation_set *dev,
                       bool at_medians, scores *s) {
    char name[80];
    snprintf(name, sizeof name, "margin, %s%s", REPRESENTATIONS[r->representation],
             at_medians ? " (pools at the medians)" : "");
    take_margins(r, held, s->held);
    take_margins(r, dev, s->dev);
    add_row(m, name, s);
}

static double median(const double *values, size_t n) {
    double *sorted = malloc(n * sizeof *sorted), found = NAN;
    if (sorted) {
        memcpy(sorted, values, n * sizeof *sorted);
        sort_values(sorted, n);
        found = percentile_nearest_rank(sorted, n, 50);
    }
    free(sorted);
    return found;
}

static bool has_choice(const router *r) {
    return r->stands[POOL_EASY] && (r->stands[POOL_MEDIUM] || r->stands[POOL_HARD]);
}

/* Fits the router by the search; where that leaves no choice, at the medians, which is told. */
static bool fit(router *r, const fitting *f, const evaluation_set *held, const search_settings *search,
                bool *at_medians, portolan_error *err) {
    surface found = {0};
    bool ok = router_search(r, f, held, search, &found, err);
    *at_medians = ok && !has_choice(r);
    surface_free(&found);
    if (*at_medians) ok = router_fit(r, f, median(f->confidence, f->samples), median(f->variability, f->samples), err);
    return ok;
}

/* Nearest means, one a pool, under one representation. */
static bool compare_representation(mapping *m, int kind, const search_settings *search, scores *s,
                                   portolan_error *err) {
    uint32_t hidden = (uint32_t)encoder_settings(m->model)->shape.hidden;
    router r = {.method = m->s.method,
                .representation = kind,
                .distance = m->s.metric,
                .size = representation_size(kind, hidden, m->setup.train.longest),
                .count = 1};
    const evaluation_terms terms = {m->depth, m->s.reward, kind, r.size};
    evaluation_set held = {0}, dev = {0};
    bool at_medians = false;
    double *v = malloc((size_t)m->setup.train.samples * r.size * sizeof *v);
    fitting f = {m->setup.train.samples, r.size, m->map.confidence, m->map.variability, v, m->s.seed};
    bool ok = (v || error_memory(err, (size_t)m->setup.train.samples * r.size * sizeof *v)) &&
              router_allocate(&r, err) && represent_set(m->model, &m->setup.train, kind, r.size, v, err) &&
              evaluation_set_open(&held, m->model, &m->setup.held_out, &m->held_answers, &terms, err) &&
              evaluation_set_open(&dev, m->model, &m->setup.dev, &m->dev_answers, &terms, err) &&
              fit(&r, &f, &held, search, &at_medians, err);
    if (ok) add_margin(m, &r, &held, &dev, at_medians, s);
    evaluation_set_close(&held);
    evaluation_set_close(&dev);
    router_free(&r);
    free(v);
    return ok;
}

/* A regression of "the phone's exit is right" on the mean token: cross-fitted where it was fitted, whole where it was not. */
static bool add_regression(mapping *m, const double *held, const double *dev, uint32_t size, scores *s,
                           portolan_error *err) {
    uint32_t n = m->setup.held_out.samples;
    double *weights = malloc(size * sizeof *weights), bias;
    bool *right = malloc(n + 1);
    bool ok = (weights && right) || error_memory(err, size * sizeof *weights + n);
    for (uint32_t i = 0; ok && i < n; i++) right[i] = m->held_set.right[i][POOL_EASY];
    const logistic_data data = {held, right, n, size, NULL};
    ok = ok && logistic_cross_fit(&data, s->held, err) && logistic_fit(&data, weights, &bias, err);
    for (uint32_t i = 0; ok && i < m->setup.dev.samples; i++)
        s->dev[i] = logistic_probability(weights, bias, dev + (size_t)i * size, size);
    if (ok) add_row(m, "logistic regression on mean_token", s);
    free(weights);
    free(right);
    return ok;
}

static bool add_mean_regression(mapping *m, scores *s, portolan_error *err) {
    uint32_t h = (uint32_t)encoder_settings(m->model)->shape.hidden;
    double *held = malloc(((size_t)m->setup.held_out.samples + 1) * h * sizeof *held);
    double *dev = malloc(((size_t)m->setup.dev.samples + 1) * h * sizeof *dev);
    bool ok = (held && dev) || error_memory(err, (size_t)m->setup.held_out.samples * h * sizeof *held);
    ok = ok && represent_set(m->model, &m->setup.held_out, V_MEAN_TOKEN, h, held, err) &&
         represent_set(m->model, &m->setup.dev, V_MEAN_TOKEN, h, dev, err) && add_regression(m, held, dev, h, s, err);
    free(held);
    free(dev);
    return ok;
}

static void take_lengths(const evaluation_set *on, double *into) {
    for (uint32_t i = 0; i < on->samples; i++) into[i] = -(double)on->tokens[i];
}

static void add_plain_scores(mapping *m, scores *s) {
    take_lengths(&m->held_set, s->held);
    take_lengths(&m->dev_set, s->dev);
    add_row(m, "token count (fewer is easier)", s);
    if (m->setup.held_out.samples)
        memcpy(s->held, m->held_set.phone_confidence, m->setup.held_out.samples * sizeof *s->held);
    if (m->setup.dev.samples) memcpy(s->dev, m->dev_set.phone_confidence, m->setup.dev.samples * sizeof *s->dev);
    add_row(m, "phone exit's confidence", s);
}

/* The margin of the router itself, unless it is one of those that are compared anyway. One that was fitted on the held-out
 * samples says nothing on them. */
static void add_own_margin(mapping *m, scores *s) {
    static const char *const NAMES[] = {"margin of the router of prototypes", "margin of the logistic router",
                                        "margin of the mixture router"};
    int assignment = m->s.assignment;
    if (assignment == ASSIGN_NEAREST_MEAN && m->router.count == 1) return;
    take_margins(&m->router, &m->held_set, s->held);
    take_margins(&m->router, &m->dev_set, s->dev);
    add_row(m, NAMES[assignment], s);
    if (assignment != ASSIGN_NEAREST_MEAN) m->auc[m->auc_count - 1].held = NAN;
}

bool mapping_compare_scores(mapping *m, const search_settings *search, portolan_error *err) {
    scores s = {malloc((m->setup.held_out.samples + 1) * sizeof *s.held),
                malloc((m->setup.dev.samples + 1) * sizeof *s.dev)};
    bool ok = (s.held && s.dev) ||
              error_memory(err, (m->setup.held_out.samples + m->setup.dev.samples) * sizeof *s.held);
    if (ok) add_own_margin(m, &s);
    for (int kind = 0; ok && kind < REPRESENTATION_COUNT; kind++) ok = compare_representation(m, kind, search, &s, err);
    if (ok) add_plain_scores(m, &s);
    ok = ok && (!m->setup.held_out.samples || add_mean_regression(m, &s, err));
    free(s.held);
    free(s.dev);
    return ok;
}
