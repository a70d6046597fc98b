/* Cartography of a training run: its dynamics, its finished model's answers to samples that took no part in training, and
 * the router that does best on those. */
#include "mapping.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/numbers.h"

const yaml_field MAP_FIELDS[] = {
    {"method", FIELD_CHOICE, offsetof(map_settings, method),
     .doc =
         "what makes the pools: cartography (training dynamics, DIMEC-DC) or exit-pools (the layer at which samples leave "
         "the finished model, DIMEE)",
     .fallback = "cartography", .choices = MAP_METHODS},
    {"exit", FIELD_COUNT, offsetof(map_settings, exit),
     .doc = "layer of the exit whose dynamics map the samples; default: the last recorded one", .least = 1,
     .most = MODEL_MAX_LAYERS},
    {"epochs", FIELD_COUNT, offsetof(map_settings, epochs), .doc = "only so many first epochs; default: all",
     .least = 1, .most = 10000},
    {"representation", FIELD_CHOICE, offsetof(map_settings, representation),
     .doc = "v(x): the norms of the tokens' embeddings, their mean, or the first token's embedding",
     .fallback = "token_norms", .choices = REPRESENTATIONS},
    {"metric", FIELD_CHOICE, offsetof(map_settings, metric), .doc = "distance from v(x) to the pools' means",
     .fallback = "l2", .choices = DISTANCES},
    {"assignment", FIELD_CHOICE, offsetof(map_settings, assignment),
     .doc =
         "nearest-mean (the papers'); or, ours, the tier of largest expectation less price x cost: logistic (P(its exit is "
         "right), by regressions on v(x)) or mixture (its gain in the clusters of v(x))",
     .fallback = "nearest-mean", .choices = ASSIGNMENTS},
    {"prototypes", FIELD_COUNT, offsetof(map_settings, prototypes),
     .doc = "nearest-mean: how many centres stand for a pool, found by k-means; default: 1, the mean", .least = 1,
     .most = ROUTER_MOST_ROWS},
    {"clusters", FIELD_COUNT, offsetof(map_settings, clusters), .doc = "mixture: how many clusters; default: 16",
     .least = 1, .most = ROUTER_MOST_ROWS},
    {"seed", FIELD_COUNT, offsetof(map_settings, seed), .doc = "of prototypes and clusters", .fallback = "1"},
    {"reward", FIELD_CHOICE, offsetof(map_settings, reward),
     .doc =
         "C in the reward C - mu_cost K: correct (1 or 0), true_label (its probability) or max_softmax (the confidence)",
     .fallback = "correct", .choices = GAINS},
    {"objective", FIELD_CHOICE, offsetof(map_settings, objective),
     .doc = "what the thresholds maximise on held-out samples: the mean reward, or the saving within a drop",
     .fallback = "reward", .choices = OBJECTIVES},
    {"drop", FIELD_QUANTITY, offsetof(map_settings, drop),
     .doc = "max_saving: the largest drop of accuracy against cloud-only, in points", .fallback = "0.5", .most = 100},
    {"alpha", FIELD_QUANTITY, offsetof(map_settings, alpha),
     .doc = "least confidence of easy and medium; default: searched"},
    {"beta", FIELD_QUANTITY, offsetof(map_settings, beta), .doc = "largest variability of easy; default: searched"},
    {"threshold", FIELD_QUANTITY, offsetof(map_settings, threshold),
     .doc = "exit-pools: confidence at which a sample leaves the model; default: searched"},
    {"mu_cost", FIELD_QUANTITY, offsetof(map_settings, mu_cost),
     .doc = "weight of the cost in the reward (our default)", .fallback = "0.1"},
    {"layer_cost", FIELD_QUANTITY, offsetof(map_settings, cost.layer), .doc = "lambda: cost of one layer (our default)",
     .fallback = "1/12"},
    {"offload_edge", FIELD_QUANTITY, offsetof(map_settings, cost.offload_edge),
     .doc = "o_e: cost of sending a request to the edge (our default)", .fallback = "3/12"},
    {"offload_cloud", FIELD_QUANTITY, offsetof(map_settings, cost.offload_cloud),
     .doc = "o_c: cost of sending a request to the cloud (our default)", .fallback = "6/12"},
    {"remote_compute", FIELD_BOOL, offsetof(map_settings, cost.charge_remote_compute),
     .doc = "whether layers executed off the phone cost", .fallback = "yes"},
    {"split", FIELD_TEXT, offsetof(map_settings, split),
     .doc = "layers of phone, edge and cloud, like 3,6,12; default: 3, 6 and all"},
    {0},
};

/* ---- The tiers ---- */

/* "3,6,12" into its numbers; those that are too large will be refused. */
static bool split_numbers(const char *text, uint32_t depth[POOLS]) {
    uint64_t n;
    for (int k = 0; k < POOLS; k++) {
        if (!(text = whole_read(text, &n)) || *text++ != (k + 1 < POOLS ? ',' : '\0')) return false;
        depth[k] = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
    }
    return true;
}

static bool read_split(mapping *m, portolan_error *err) {
    const encoder_config *c = encoder_settings(m->model);
    uint32_t layers = (uint32_t)c->shape.layers;
    m->depth[POOL_EASY] = 3, m->depth[POOL_MEDIUM] = 6, m->depth[POOL_HARD] = layers;
    if (m->s.split && !split_numbers(m->s.split, m->depth))
        return error_usage(err, "--split is '%.60s'; it must be three numbers of layers like 3,6,12", m->s.split);
    for (int k = 0; k < POOLS; k++) {
        uint32_t depth = m->depth[k];
        if (depth < 1 || depth > layers || (k && depth < m->depth[k - 1]) || !c->exits[depth - 1])
            return error_usage(
                err,
                "the split %u,%u,%u does not suit a model of %u layers: tiers hold ever more layers, and "
                "each ends at one with an exit; give --split",
                m->depth[POOL_EASY], m->depth[POOL_MEDIUM], m->depth[POOL_HARD], layers);
    }
    if (m->depth[POOL_HARD] != layers)
        return error_usage(err, "--split gives the cloud %u layers; it holds the whole model of %u",
                           m->depth[POOL_HARD], layers);
    for (int k = 0; k < POOLS; k++) m->prices.cost[k] = tier_cost(&m->s.cost, m->depth, (tier)k);
    m->prices.mu_cost = m->s.mu_cost;
    return true;
}

/* ---- The map ---- */

/* The dynamics are of the training set's samples, in its order, with its labels; what was held out has none. */
static bool check_samples(const mapping *m, const char *folder, portolan_error *err) {
    const token_set *train = &m->setup.train;
    bool same = m->map.samples == train->samples;
    for (uint32_t i = 0; same && i < train->samples; i++) {
        char name[16];
        snprintf(name, sizeof name, "%u", train->guids[i]);
        same = strcmp(m->map.guids[i], name) == 0 && m->dynamics.gold[i] == train->labels[i];
    }
    return same ||
           error_usage(err,
                       "%s: the dynamics are not of the %u samples that train.yaml gives for training; the data "
                       "or the file has changed since",
                       folder, train->samples);
}

static bool find_dynamics(mapping *m, const char *folder, char *path, size_t size, portolan_error *err) {
    const bool *record = m->setup.settings.record;
    char recorded[400] = "";
    uint32_t count = 0, last = 0;
    size_t used = 0;
    for (uint32_t layer = 1; layer <= MODEL_MAX_LAYERS; layer++) {
        if (!record[layer - 1]) continue;
        used += (size_t)snprintf(recorded + used, sizeof recorded - used, "%s%u", count ? ", " : "", layer);
        last = layer;
        count++;
    }
    m->exit = m->s.exit ? (uint32_t)m->s.exit : last;
    if (!record[m->exit - 1])
        return error_usage(err, "--exit %u: the run recorded the dynamics of exits %s", m->exit, recorded);
    return count > 1 ? path_format(path, size, err, "%s/training_dynamics_exit_%u", folder, m->exit)
                     : path_format(path, size, err, "%s/training_dynamics", folder);
}

/* Without --epochs, those that the run was trained for, of which none may be missing. */
static bool map_dynamics(mapping *m, const char *folder, portolan_error *err) {
    char path[1024];
    uint32_t epochs = m->s.epochs ? (uint32_t)m->s.epochs : train_epochs(&m->setup.settings);
    return find_dynamics(m, folder, path, sizeof path, err) && dynamics_load(&m->dynamics, path, epochs, err) &&
           data_map_compute(&m->map, &m->dynamics, err) && check_samples(m, path, err);
}

/* ---- Answers of the finished model ---- */

/* The sets are answered one after the other. */
typedef struct answering {
    unsigned threads;
    progress *bar;
    const char *what; /* the present one's samples */
} answering;

static void show_progress(void *context, uint32_t done, uint32_t total) {
    const answering *a = context;
    progress_show(a->bar, a->what, done, total);
}

static bool answer_set(const mapping *m, const token_set *set, const char *what, answering *a, outcome_table *t,
                       portolan_error *err) {
    a->what = what;
    return !set->samples || encoder_outcomes(m->model, set, a->threads, &(outcome_watch){show_progress, a}, t, err);
}

/* Exit pools: the coordinates of the fitting samples are the largest confidences that the finished model has on its way. */
static bool map_exits(mapping *m, answering *a, portolan_error *err) {
    outcome_table t = {0};
    data_map *map = &m->map;
    if (!answer_set(m, &m->setup.train, "fitting samples", a, &t, err)) return false;
    map->samples = t.samples;
    map->guids = arena_alloc(&map->memory, t.samples, sizeof *map->guids);
    map->confidence = arena_alloc(&map->memory, t.samples, sizeof *map->confidence);
    map->variability = arena_alloc(&map->memory, t.samples, sizeof *map->variability);
    bool ok = (map->guids && map->confidence && map->variability) || error_memory(err, t.samples * 3 * sizeof(double));
    for (uint32_t i = 0; ok && i < t.samples; i++) {
        char name[16];
        snprintf(name, sizeof name, "%u", m->setup.train.guids[i]);
        map->guids[i] = arena_text(&map->memory, name, strlen(name));
        ok = map->guids[i] || error_memory(err, sizeof name);
        for (uint32_t e = 0; e < t.exits && t.exit_layer[e] <= m->depth[POOL_MEDIUM]; e++) {
            double c = outcome_confidence(&t, i, e);
            map->confidence[i] = fmax(map->confidence[i], c);
            if (t.exit_layer[e] <= m->depth[POOL_EASY]) map->variability[i] = fmin(map->variability[i], -c);
        }
    }
    outcome_table_free(&t);
    return ok;
}

/* ---- The router ---- */

static search_settings search_of(const map_settings *s, const prices *p) {
    bool exits = s->method == METHOD_EXIT_POOLS;
    return (search_settings){.objective = s->objective,
                             .drop = s->drop,
                             .prices = *p,
                             .fixed = {exits ? s->threshold : s->alpha, exits ? NAN : s->beta}};
}

static bool open_juries(mapping *m, portolan_error *err) {
    const map_settings *s = &m->s;
    const evaluation_terms terms = {m->depth, s->reward, s->representation, m->router.size};
    return evaluation_set_open(&m->held_set, m->model, &m->setup.held_out, &m->held_answers, &terms, err) &&
           evaluation_set_open(&m->dev_set, m->model, &m->setup.dev, &m->dev_answers, &terms, err);
}

/* The router that is expected to gain most: fitted, and its price searched, on the held-out samples. */
static bool choose_by_value(mapping *m, const fitting *f, const search_settings *search, portolan_error *err) {
    router *r = &m->router;
    uint32_t n = m->held_set.samples;
    if (n < 50)
        return error_usage(err,
                           "'%s' needs held-out samples, 50 at least, and there are %u; train with 'training.holdout'",
                           ASSIGNMENTS[r->assignment], n);
    double(*value)[POOLS] = malloc(n * sizeof *value);
    bool ok = value || error_memory(err, n * sizeof *value);
    ok = ok && (r->assignment == ASSIGN_LOGISTIC ? router_fit_logistic(r, &m->held_set, value, err)
                                                 : router_fit_mixture(r, f, &m->held_set, value, err));
    ok = ok && router_search_price(r, &m->held_set, value, search, &m->found, err);
    if (ok) router_assign_values(r, value, n, m->held_to);
    free(value);
    return ok;
}

static bool choose_router(mapping *m, const search_settings *search, portolan_error *err) {
    router *r = &m->router;
    double *v = malloc((size_t)m->setup.train.samples * r->size * sizeof *v);
    if (!v) return error_memory(err, (size_t)m->setup.train.samples * r->size * sizeof *v);
    fitting f = {m->setup.train.samples, r->size, m->map.confidence, m->map.variability, v, m->s.seed};
    bool by_value = r->assignment != ASSIGN_NEAREST_MEAN;
    bool ok = represent_set(m->model, &m->setup.train, r->representation, r->size, v, err) &&
              (by_value ? choose_by_value(m, &f, search, err)
                        : router_search(r, &f, &m->held_set, search, &m->found, err));
    free(v);
    for (uint32_t i = 0; ok && !by_value && i < m->setup.held_out.samples; i++)
        m->held_to[i] = (uint8_t)router_assign(r, m->held_set.v + (size_t)i * r->size);
    return ok;
}

static uint32_t rows_of(const map_settings *s) {
    if (s->assignment == ASSIGN_MIXTURE) return s->clusters ? (uint32_t)s->clusters : 16;
    return s->prototypes ? (uint32_t)s->prototypes : 1;
}

static bool make_router(mapping *m, portolan_error *err) {
    const map_settings *s = &m->s;
    router *r = &m->router;
    uint32_t hidden = (uint32_t)encoder_settings(m->model)->shape.hidden;
    *r = (router){.method = s->method,
                  .assignment = s->assignment,
                  .representation = s->representation,
                  .distance = s->metric,
                  .size = representation_size(s->representation, hidden, m->setup.train.longest),
                  .count = rows_of(s)};
    memcpy(r->depth, m->depth, sizeof r->depth);
    encoder_embedding_hash(m->model, r->embedding);
    search_settings search = search_of(s, &m->prices);
    m->held_to = calloc(m->setup.held_out.samples + 1, 1);
    m->dev_to = calloc(m->setup.dev.samples + 1, 1);
    if (!m->held_to || !m->dev_to) return error_memory(err, m->setup.held_out.samples + m->setup.dev.samples);
    if (!router_allocate(r, err) || !open_juries(m, err) || !choose_router(m, &search, err)) return false;
    for (uint32_t i = 0; i < m->setup.dev.samples; i++)
        m->dev_to[i] = (uint8_t)router_assign(r, m->dev_set.v + (size_t)i * r->size);
    m->held_result = evaluation_of(&m->held_set, m->held_to, &m->prices);
    m->dev_result = evaluation_of(&m->dev_set, m->dev_to, &m->prices);
    return mapping_compare_scores(m, &search, err);
}

/* ---- The whole ---- */

static bool load_run(mapping *m, const char *folder, portolan_error *err) {
    char path[1100];
    if (!path_format(path, sizeof path, err, "%s/model.safetensors", folder)) return false;
    m->model = encoder_load(path, 0, err);
    if (!m->model) return false;
    class_list classes = encoder_wants(m->model, folder).classes;
    return path_format(path, sizeof path, err, "%s/train.yaml", folder) &&
           training_setup_load(&m->setup, path, NULL, 0, &classes, err) && read_split(m, err);
}

bool mapping_make(mapping *m, const map_settings *s, const char *folder, unsigned threads, progress *bar,
                  portolan_error *err) {
    *m = (mapping){.s = *s};
    bool exits = s->method == METHOD_EXIT_POOLS;
    answering a = {.threads = threads, .bar = bar};
    bool ok = load_run(m, folder, err) && (exits ? map_exits(m, &a, err) : map_dynamics(m, folder, err)) &&
              answer_set(m, &m->setup.held_out, "held-out samples", &a, &m->held_answers, err) &&
              answer_set(m, &m->setup.dev, "dev samples", &a, &m->dev_answers, err) && make_router(m, err);
    if (!ok) mapping_free(m);
    return ok;
}

void mapping_free(mapping *m) {
    evaluation_set_close(&m->held_set);
    evaluation_set_close(&m->dev_set);
    outcome_table_free(&m->held_answers);
    outcome_table_free(&m->dev_answers);
    surface_free(&m->found);
    router_free(&m->router);
    data_map_free(&m->map);
    dynamics_free(&m->dynamics);
    encoder_free(m->model);
    training_setup_free(&m->setup);
    free(m->held_to);
    free(m->dev_to);
    *m = (mapping){0};
}
