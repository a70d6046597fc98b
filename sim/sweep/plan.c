/* Reading a sweep: its file, the questions it asks, and the scenarios of its points. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/json.h"

/* ---- YAML keys ---- */

typedef struct sweep_keys {
    const char *name, *scenario;
    const yaml_node *set, *axes, *zip, *exclude, *seeds, *statistics, *best;
} sweep_keys;

typedef struct statistics_keys {
    double confidence;
    uint64_t resamples;
    const char *baseline;
    const yaml_node *pareto;
} statistics_keys;

typedef struct best_keys {
    const char *minimise, *maximise;
    const yaml_node *subject_to;
} best_keys;

const yaml_field SWEEP_FIELDS[] = {
    {"name", FIELD_NAME, offsetof(sweep_keys, name), .doc = "name of the sweep and of its results folder",
     .fallback = "sweep"},
    {"scenario", FIELD_TEXT, offsetof(sweep_keys, scenario), .doc = "path of the scenario that is changed",
     .required = true},
    {"set", FIELD_NODE, offsetof(sweep_keys, set), .doc = "keys of the scenario and their values at every point"},
    {"axes", FIELD_NODE, offsetof(sweep_keys, axes),
     .doc = "keys of the scenario, each with a list or a range of values; all combinations are run"},
    {"zip", FIELD_NODE, offsetof(sweep_keys, zip),
     .doc = "list of maps like 'axes'; the keys of one map are walked together, as one axis"},
    {"exclude", FIELD_NODE, offsetof(sweep_keys, exclude),
     .doc =
         "list of maps of keys to a value or several; a setting in which all keys of a map have such a value is left out"},
    {"seeds", FIELD_NODE, offsetof(sweep_keys, seeds),
     .doc = "how many seeds (1, 2, ...) or a list of them, the same for every setting; default the scenario's"},
    {"statistics", FIELD_NODE, offsetof(sweep_keys, statistics), .doc = "how results are compared"},
    {"best", FIELD_NODE, offsetof(sweep_keys, best), .doc = "which setting and policy to look for"},
    {0},
};

const yaml_field STATISTICS_FIELDS[] = {
    {"confidence", FIELD_QUANTITY, offsetof(statistics_keys, confidence), .doc = "level of the intervals over seeds",
     .fallback = "0.95", .least = 0.5, .most = 0.9999},
    {"resamples", FIELD_COUNT, offsetof(statistics_keys, resamples),
     .doc = "resamples of the bootstrap, which gives the intervals of percentiles", .fallback = "2000", .least = 100,
     .most = 1e6},
    {"baseline", FIELD_TEXT, offsetof(statistics_keys, baseline),
     .doc = "label of the policy the others are compared with, seed by seed; default the first"},
    {"pareto", FIELD_NODE, offsetof(statistics_keys, pareto),
     .doc = "list of the metrics of the Pareto front; default cost and accuracy"},
    {0},
};

const yaml_field BEST_FIELDS[] = {
    {"minimise", FIELD_TEXT, offsetof(best_keys, minimise), .doc = "metric of which the least is wanted"},
    {"maximise", FIELD_TEXT, offsetof(best_keys, maximise), .doc = "instead: metric of which the most is wanted"},
    {"subject_to", FIELD_NODE, offsetof(best_keys, subject_to),
     .doc = "metrics and their bounds: at most the value, or at least where more is better"},
    {0},
};

/* ---- Questions ---- */

static bool find_metric(const char *key, text_mark mark, const metric **found, portolan_error *err) {
    const char *keys[METRIC_COUNT + 1];
    char hint[HINT_TEXT];
    *found = metric_named(key);
    if (*found) return true;
    for (size_t i = 0; i <= METRIC_COUNT; i++) keys[i] = METRICS[i].key; /* the last one's is NULL */
    return error_input(err, mark, "there is no metric '%.60s'%s; see portolan list metrics", key,
                       word_hint(hint, key, keys));
}

/* A metric of which it is known whether less or more is better. */
static bool find_aim(const char *key, text_mark mark, const metric **found, portolan_error *err) {
    if (!find_metric(key, mark, found, err)) return false;
    if ((*found)->better != BETTER_NONE) return true;
    return error_input(err, mark, "of '%s' neither less nor more is better", key);
}

static bool read_pareto(sweep_questions *q, const yaml_node *list, portolan_error *err) {
    static const char *const USUAL[] = {"cost", "accuracy"};
    q->pareto_count = 2;
    for (size_t i = 0; i < 2; i++)
        if (!find_metric(USUAL[i], (text_mark){0}, &q->pareto[i], err)) return false;
    if (!list) return true;
    if (!yaml_expect(list, YAML_LIST, "pareto", err)) return false;
    if (list->count < 2 || list->count > SWEEP_MAX_OBJECTIVES)
        return error_input(err, list->mark, "a Pareto front is of 2 to %d metrics, found %zu", SWEEP_MAX_OBJECTIVES,
                           list->count);
    q->pareto_count = list->count;
    for (size_t i = 0; i < list->count; i++)
        if (!yaml_expect(list->items[i], YAML_SCALAR, "a metric", err) ||
            !find_aim(list->items[i]->text, list->items[i]->mark, &q->pareto[i], err))
            return false;
    return true;
}

static bool read_bounds(sweep_questions *q, const yaml_node *map, portolan_error *err) {
    if (!yaml_expect(map, YAML_MAP, "subject_to", err)) return false;
    if (map->count > SWEEP_MAX_OBJECTIVES)
        return error_input(err, map->mark, "more than %d bounds", SWEEP_MAX_OBJECTIVES);
    for (size_t i = 0; i < map->count; i++) {
        const yaml_node *key = map->items[2 * i], *value = map->items[2 * i + 1];
        sweep_bound *bound = &q->bounds[q->bound_count++];
        char why[256];
        if (!find_aim(key->text, key->mark, &bound->metric, err) || !yaml_expect(value, YAML_SCALAR, key->text, err))
            return false;
        if (!unit_parse(value->text, UNIT_PURE, &bound->value, why, sizeof why))
            return error_input(err, value->mark, "'%s': %s", key->text, why);
    }
    return true;
}

static bool read_best(sweep_questions *q, const yaml_node *node, portolan_error *err) {
    best_keys keys = {0};
    if (!yaml_read(node, "best", BEST_FIELDS, &keys, err)) return false;
    if (!keys.minimise == !keys.maximise)
        return error_input(err, node->mark, "'best' takes either 'minimise' or 'maximise'");
    const char *key = keys.minimise ? keys.minimise : keys.maximise;
    text_mark mark = yaml_find(node, keys.minimise ? "minimise" : "maximise")->mark;
    if (!find_aim(key, mark, &q->objective, err)) return false;
    if ((q->objective->better == BETTER_LESS) != !!keys.minimise)
        return error_input(err, mark, "of '%s' %s is better; write '%s'", key, keys.minimise ? "more" : "less",
                           keys.minimise ? "maximise" : "minimise");
    return !keys.subject_to || read_bounds(q, keys.subject_to, err);
}

static bool read_questions(sweep *w, const sweep_keys *keys, portolan_error *err) {
    sweep_questions *q = &w->questions;
    statistics_keys s = {0};
    if (!(keys->statistics ? yaml_read(keys->statistics, "statistics", STATISTICS_FIELDS, &s, err)
                           : yaml_defaults(STATISTICS_FIELDS, &s, err)))
        return false;
    q->confidence = s.confidence;
    q->resamples = s.resamples;
    q->baseline = s.baseline;
    return read_pareto(q, s.pareto, err) && (!keys->best || read_best(q, keys->best, err));
}

/* ---- Loading ---- */

static bool read_fixed(sweep *w, const yaml_node *map, portolan_error *err) {
    if (!map) return true;
    if (!yaml_expect(map, YAML_MAP, "set", err)) return false;
    if (!(w->fixed = arena_alloc(&w->memory, map->count + 1, sizeof *w->fixed))) return error_memory(err, map->count);
    for (size_t i = 0; i < map->count; i++)
        w->fixed[w->fixed_count++] = (scenario_edit){map->items[2 * i]->text, map->items[2 * i + 1]};
    return true;
}

/* The first point must be a good scenario: most mistakes in a sweep spoil all its points. Its seed and its
 * policies are needed where the sweep names none. */
static bool check_first(sweep *w, const yaml_node *statistics, portolan_error *err) {
    sweep_loader loader = {.w = w};
    bool has_seeds = w->seed_count;
    if (!has_seeds) w->seed_count = 1;
    scenario *s = point_load(&loader, 0, err);
    if (!s) return false;
    if (!has_seeds) w->seeds[0] = s->seed;
    const char *baseline = w->questions.baseline;
    size_t i = 0;
    while (baseline && i < s->policy_count && strcmp(s->policies[i].label, baseline) != 0) i++;
    bool ok = i < s->policy_count || error_input(err, yaml_find(statistics, "baseline")->mark,
                                                 "the scenario has no policy "
                                                 "labelled '%.60s'",
                                                 baseline);
    point_release(&loader, s);
    sweep_loader_free(&loader);
    return ok;
}

static bool read_sweep(sweep *w, const char *path, portolan_error *err) {
    sweep_keys keys = {0};
    if (!yaml_load(&w->document, path, err) || !yaml_read(w->document.root, "a sweep", SWEEP_FIELDS, &keys, err))
        return false;
    w->path = path;
    w->name = keys.name;
    text_mark mark = yaml_find(w->document.root, "scenario")->mark;
    w->scenario = file_resolve(&w->memory, w->document.file, keys.scenario, mark, err);
    w->seeds = arena_alloc(&w->memory, 1, sizeof *w->seeds); /* the scenario's, if no seeds are given */
    return w->scenario && w->seeds && read_fixed(w, keys.set, err) &&
           sweep_read_axes(w, keys.axes, keys.zip, keys.exclude, err) &&
           (!keys.seeds || sweep_read_seeds(w, keys.seeds, err)) && read_questions(w, &keys, err) &&
           check_first(w, keys.statistics, err);
}

bool sweep_load(sweep *w, const char *path, char *const *sets, size_t set_count, portolan_error *err) {
    *w = (sweep){.sets = sets, .set_count = set_count};
    if (!read_sweep(w, path, err)) {
        sweep_free(w);
        return false;
    }
    if (sweep_points(w) <= SWEEP_MAX_POINTS) return true;
    size_t points = sweep_points(w);
    sweep_free(w);
    return error_usage(err, "%s has %zu points; at most %d are allowed", path, points, SWEEP_MAX_POINTS);
}

void sweep_free(sweep *w) {
    yaml_unload(&w->document);
    arena_free(&w->memory);
    *w = (sweep){0};
}

/* ---- Parameters ---- */

const char *sweep_value(const sweep *w, size_t setting, size_t k, char *into, size_t size) {
    const yaml_node *node = w->values[setting * w->key_count + k];
    if (node->kind == YAML_SCALAR) return node->text;
    json_t *value = json_from_yaml(node);
    char *text = json_dump_text(value, JSON_COMPACT);
    snprintf(into, size, "%s", text ? text : "");
    free(text);
    json_decref(value);
    return into;
}

json_t *sweep_parameters(const sweep *w, size_t setting) {
    json_t *all = json_object();
    char text[4096];
    for (size_t k = 0; k < w->key_count; k++)
        json_put(&all, w->keys[k], json_string(sweep_value(w, setting, k, text, sizeof text)));
    return all;
}

/* ---- Scenarios of points ---- */

/* The lender that the scenario is or borrows from; LENDERS if there is none. */
static size_t lender_of(const sweep_loader *l, const scenario *s) {
    size_t i = 0;
    for (; i < LENDERS; i++) {
        const scenario *lender = l->lenders[i];
        if (lender == s || (s->borrows && lender && strcmp(lender->model_key, s->model_key) == 0)) break;
    }
    return i;
}

/* Makes `s` a lender in place of one that nobody borrows from, if there is such a place. */
static void become_lender(sweep_loader *l, scenario *s) {
    for (size_t tried = 0; tried < LENDERS; tried++, l->next++) {
        size_t i = l->next % LENDERS;
        if (l->users[i]) continue;
        if (l->lenders[i]) scenario_free(l->lenders[i]);
        free(l->lenders[i]);
        l->lenders[i] = s;
        l->next++;
        return;
    }
}

scenario *point_load(sweep_loader *l, size_t point, portolan_error *err) {
    const sweep *w = l->w;
    size_t setting = setting_of(w, point), n = w->key_count;
    scenario_edit edits[SWEEP_MAX_KEYS + 1];
    scenario *s = calloc(1, sizeof *s);
    for (size_t k = 0; k < n; k++) edits[k] = (scenario_edit){w->keys[k], w->values[setting * n + k]};
    if (w->seed_nodes) edits[n++] = (scenario_edit){"seed", w->seed_nodes[seed_of(w, point)]};
    scenario_changes changes = {.before = w->fixed,
                                .before_count = w->fixed_count,
                                .sets = w->sets,
                                .set_count = w->set_count,
                                .edits = edits,
                                .edit_count = n,
                                .lenders = l->lenders,
                                .lender_count = LENDERS};
    bool ok = s ? scenario_load(s, w->scenario, &changes, err) : error_memory(err, sizeof *s);
    if (!ok) {
        free(s);
        return NULL;
    }
    if (!s->borrows) become_lender(l, s);
    size_t lender = lender_of(l, s);
    if (lender < LENDERS) l->users[lender]++;
    return s;
}

void point_release(sweep_loader *l, scenario *s) {
    size_t lender = lender_of(l, s);
    if (lender < LENDERS) l->users[lender]--;
    if (lender < LENDERS && l->lenders[lender] == s) return;
    scenario_free(s);
    free(s);
}

void sweep_loader_free(sweep_loader *l) {
    for (size_t i = 0; i < LENDERS; i++) {
        if (l->lenders[i]) scenario_free(l->lenders[i]);
        free(l->lenders[i]);
        l->lenders[i] = NULL;
    }
}

bool scenario_hash(const scenario *s, char hex[FILE_HASH_TEXT], portolan_error *err) {
    json_t *tree = json_from_yaml(s->documents[FILE_SCENARIO].root), *files = json_array();
    if (tree) json_object_del(tree, "seed");
    for (int i = FILE_MODEL; i < SCENARIO_FILES; i++)
        if (s->inputs[i].path) json_add(&files, json_string(s->inputs[i].hash));
    for (size_t i = 0; i < s->platform_file_count; i++) json_add(&files, json_string(s->platform_files[i].file.hash));
    for (size_t i = 0; i < s->policy_count; i++) {
        if (s->policies[i].plugin.path) json_add(&files, json_string(s->policies[i].plugin.hash));
        if (s->policies[i].program.path) json_add(&files, json_string(s->policies[i].program.hash));
        if (s->policies[i].file.path) json_add(&files, json_string(s->policies[i].file.hash));
    }
    json_t *all = json_pack("{s:s, s:o, s:o}", "version", PORTOLAN_VERSION, "scenario", tree, "files", files);
    char *text = json_dump_text(all, JSON_COMPACT | JSON_SORT_KEYS);
    if (text) text_hash(text, strlen(text), hex);
    bool ok = text || error_memory(err, 0);
    free(text);
    json_decref(all);
    return ok;
}
