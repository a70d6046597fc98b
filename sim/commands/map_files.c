/* The files of a map, and its page. */
#include "map_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/files.h"
#include "base/replacement.h"

/* ---- Files ---- */

static bool open_named(replacement *file, const char *folder, int method, const char *name, portolan_error *err) {
    char path[1100];
    return path_format(path, sizeof path, err, "%s/%s%s", folder, method == METHOD_EXIT_POOLS ? "exit-" : "", name) &&
           replacement_open(file, path, err);
}

bool map_write_points(const data_map *map, int method, double alpha, double beta, const char *folder,
                      portolan_error *err) {
    replacement file;
    bool exits = method == METHOD_EXIT_POOLS;
    if (!open_named(&file, folder, method, "map.csv", err)) return false;
    fputs(exits ? "guid,confidence_phone,confidence_edge,pool\n" : "guid,confidence,variability,correctness,pool\n",
          file.stream);
    for (uint32_t i = 0; i < map->samples; i++) {
        double confidence = map->confidence[i], variability = map->variability[i];
        const char *name = isnan(alpha) ? "" : POOL_NAMES[pool_at(confidence, variability, alpha, beta)];
        csv_put(file.stream, map->guids[i]);
        if (exits)
            fprintf(file.stream, ",%.9g,%.9g,%s\n", -variability, confidence, name);
        else
            fprintf(file.stream, ",%.9g,%.9g,%u,%s\n", confidence, variability, map->correctness[i], name);
    }
    return replacement_finish(&file, true, err);
}

static bool write_surface(const mapping *m, const char *folder, portolan_error *err) {
    replacement file;
    if (!open_named(&file, folder, m->s.method, "surface.csv", err)) return false;
    bool pairs = m->s.method == METHOD_CARTOGRAPHY && m->s.assignment == ASSIGN_NEAREST_MEAN;
    fprintf(file.stream, "%s,reward,accuracy,saving,drop,share_phone,share_edge,share_cloud\n",
            m->s.assignment != ASSIGN_NEAREST_MEAN ? "price"
            : pairs                                ? "alpha,beta"
                                                   : "threshold");
    for (size_t i = 0; i < m->found.count; i++) {
        const surface_point *p = &m->found.points[i];
        fprintf(file.stream, "%.9g", p->thresholds[0]);
        if (pairs) fprintf(file.stream, ",%.9g", p->thresholds[1]);
        fprintf(file.stream, ",%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n", p->gives.reward, p->gives.accuracy,
                p->gives.saving, p->gives.drop, p->gives.shares[0], p->gives.shares[1], p->gives.shares[2]);
    }
    return replacement_finish(&file, true, err);
}

/* ---- JSON ---- */

static json_t *evaluation_json(const evaluation *e) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:[o,o,o]}", "accuracy", json_number(e->accuracy), "drop",
                     json_number(e->drop), "cost", json_number(e->cost), "saving", json_number(e->saving), "reward",
                     json_number(e->reward), "shares", json_number(e->shares[0]), json_number(e->shares[1]),
                     json_number(e->shares[2]));
}

/* How the router came about; also its note. */
static json_t *settings_json(const mapping *m) {
    const map_settings *s = &m->s;
    json_t *made = json_pack("{s:s, s:i, s:s, s:o, s:o, s:[f,f,f], s:b, s:i, s:i}", "objective",
                             OBJECTIVES[s->objective], "candidates", (int)m->found.count, "reward", GAINS[s->reward],
                             "drop", s->objective == OBJECTIVE_MAX_SAVING ? json_real(s->drop) : json_null(), "mu_cost",
                             json_real(s->mu_cost), "tier_costs", m->prices.cost[0], m->prices.cost[1],
                             m->prices.cost[2], "satisfied", m->found.satisfied, "held_out",
                             (int)m->setup.held_out.samples, "fitting", (int)m->setup.train.samples);
    if (s->method == METHOD_CARTOGRAPHY)
        json_put(&made, "exit", json_integer(m->exit)), json_put(&made, "epochs", json_integer(m->map.epochs));
    if (m->router.count > 1) {
        json_put(&made, m->router.assignment == ASSIGN_MIXTURE ? "clusters" : "prototypes",
                 json_integer(m->router.count));
        json_put(&made, "seed", json_integer((json_int_t)s->seed));
    }
    return made;
}

/* Accuracy of each tier's exit on the dev samples of a pool. */
static double accuracy_in_pool(const evaluation_set *on, const uint8_t *to, int pool_index, int tier_index) {
    uint32_t n = 0, right = 0;
    for (uint32_t i = 0; i < on->samples; i++) {
        if (to[i] != pool_index) continue;
        n++;
        right += on->right[i][tier_index];
    }
    return n ? (double)right / n : NAN;
}

static json_t *pools_json(const mapping *m) {
    json_t *pools = json_array();
    for (int k = 0; k < POOLS; k++)
        json_add(&pools, json_pack("{s:s, s:b, s:I, s:o, s:o, s:[o,o,o]}", "pool", POOL_NAMES[k], "kept",
                                   m->router.stands[k] > 0, "fitting_samples", (json_int_t)m->router.samples[k],
                                   "share_held_out", json_number(m->held_result.shares[k]), "share_dev",
                                   json_number(m->dev_result.shares[k]), "dev_accuracy",
                                   json_number(accuracy_in_pool(&m->dev_set, m->dev_to, k, 0)),
                                   json_number(accuracy_in_pool(&m->dev_set, m->dev_to, k, 1)),
                                   json_number(accuracy_in_pool(&m->dev_set, m->dev_to, k, 2))));
    return pools;
}

static void count_confusion(const mapping *m, uint32_t counts[POOLS][POOLS]) {
    memset(counts, 0, POOLS * sizeof *counts);
    for (uint32_t i = 0; i < m->dev_set.samples; i++)
        counts[m->dev_to[i]][evaluation_oracle(&m->dev_set, i, &m->prices)]++;
}

static json_t *confusion_json(const mapping *m) {
    uint32_t counts[POOLS][POOLS];
    json_t *rows = json_array();
    count_confusion(m, counts);
    for (int k = 0; k < POOLS; k++)
        json_add(&rows, json_pack("[i,i,i]", (int)counts[k][0], (int)counts[k][1], (int)counts[k][2]));
    return rows;
}

static json_t *auc_json(const mapping *m) {
    json_t *rows = json_array();
    for (size_t i = 0; i < m->auc_count; i++)
        json_add(&rows, json_pack("{s:s, s:o, s:o}", "score", m->auc[i].score, "held_out", json_number(m->auc[i].held),
                                  "dev", json_number(m->auc[i].dev)));
    return rows;
}

json_t *map_json(const mapping *m) {
    const router *r = &m->router;
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:[i,i,i], s:[o,o], s:o, s:o, s:o, s:o, s:o, s:o}", "schema", 1,
                     "method", MAP_METHODS[r->method], "assignment", ASSIGNMENTS[r->assignment], "representation",
                     REPRESENTATIONS[r->representation], "metric", DISTANCES[r->distance], "size", (int)r->size,
                     "split", (int)m->depth[0], (int)m->depth[1], (int)m->depth[2], "thresholds",
                     json_number(r->thresholds[0]), json_number(r->thresholds[1]), "chosen_by", settings_json(m),
                     "pools", pools_json(m), "held_out", evaluation_json(&m->held_result), "dev",
                     evaluation_json(&m->dev_result), "confusion_dev", confusion_json(m), "auc", auc_json(m));
}

static bool write_json(const mapping *m, const char *folder, portolan_error *err) {
    replacement file;
    if (!open_named(&file, folder, m->s.method, "map.json", err)) return false;
    json_t *whole = map_json(m);
    bool ok = json_print(whole, file.stream, err);
    json_decref(whole);
    return replacement_finish(&file, ok, err);
}

static bool write_page(const mapping *m, size_t bytes, const char *folder, portolan_error *err) {
    replacement file;
    if (!open_named(&file, folder, m->s.method, "map.md", err)) return false;
    map_print_page(m, bytes, file.stream);
    return replacement_finish(&file, true, err);
}

bool map_write_findings(const mapping *m, const char *folder, size_t *bytes, portolan_error *err) {
    char path[1100];
    if (!path_format(path, sizeof path, err, "%s/%srouter.json", folder,
                     m->s.method == METHOD_EXIT_POOLS ? "exit-" : ""))
        return false;
    json_t *note = settings_json(m);
    bool ok = router_write(&m->router, note, path, bytes, err) && write_surface(m, folder, err) &&
              write_json(m, folder, err) && write_page(m, *bytes, folder, err);
    json_decref(note);
    return ok;
}

/* ---- The page ---- */

static void print_cell(FILE *out, double x, double scale, int digits) {
    if (isfinite(x))
        fprintf(out, " %8.*f |", digits, x * scale + 0.0);
    else
        fprintf(out, " %8s |", "-");
}

static void print_thresholds(const mapping *m, FILE *out) {
    const router *r = &m->router;
    const map_settings *s = &m->s;
    bool priced = r->assignment != ASSIGN_NEAREST_MEAN;
    if (priced)
        fprintf(out, "price of cost %.6g", m->found.points[m->found.chosen].thresholds[0]);
    else if (r->method == METHOD_EXIT_POOLS)
        fprintf(out, "threshold %.6g", r->thresholds[0]);
    else
        fprintf(out, "alpha %.6g, beta %.6g", r->thresholds[0], r->thresholds[1]);
    if (m->found.count == 1 && !priced)
        fprintf(out, ", as given\n");
    else if (s->objective == OBJECTIVE_REWARD)
        fprintf(out, ", the largest reward (C %s, mu_cost %.6g) of %zu candidates on held-out samples\n",
                GAINS[s->reward], s->mu_cost, m->found.count);
    else
        fprintf(out, ", the largest saving within a drop of %.6g points of %zu candidates on held-out samples\n",
                s->drop, m->found.count);
    if (!m->found.satisfied)
        fprintf(out, "\n**No candidate saves anything within the drop**: every request goes to the cloud.\n");
}

static void print_head(const mapping *m, size_t bytes, FILE *out) {
    const router *r = &m->router;
    fprintf(out, "# Map: %s\n\n", m->setup.name);
    fprintf(out, "- samples: %u fitting, %u held out, %u dev; split %u/%u/%u\n", m->setup.train.samples,
            m->setup.held_out.samples, m->setup.dev.samples, m->depth[0], m->depth[1], m->depth[2]);
    if (r->method == METHOD_CARTOGRAPHY)
        fprintf(out, "- map: dynamics of exit %u over %u epochs\n", m->exit, m->map.epochs);
    else
        fprintf(out, "- map: exits of the finished model\n");
    fprintf(out, "- router: %s, %s, %s of %u numbers, %s", MAP_METHODS[r->method], ASSIGNMENTS[r->assignment],
            REPRESENTATIONS[r->representation], r->size, DISTANCES[r->distance]);
    if (r->count > 1)
        fprintf(out, ", %u %s", r->count, r->assignment == ASSIGN_MIXTURE ? "clusters" : "prototypes a pool");
    fprintf(out, "; %zu bytes\n", bytes);
    fprintf(out, "- ");
    print_thresholds(m, out);
    fprintf(out, "- costs (ours): phone %.6g, edge %.6g, cloud %.6g\n", m->prices.cost[0], m->prices.cost[1],
            m->prices.cost[2]);
}

static void print_pools(const mapping *m, FILE *out) {
    fprintf(out, "\n## Pools\n\n"
                 "| pool   | fitting  | held out | dev      | accuracy on the pool's dev samples |||\n"
                 "|        | samples  | %%        | %%        | phone %%  | edge %%   | cloud %%  |\n"
                 "|--------|----------|----------|----------|----------|----------|----------|\n");
    for (int k = 0; k < POOLS; k++) {
        fprintf(out, "| %-6s | %8llu |", POOL_NAMES[k], (unsigned long long)m->router.samples[k]);
        print_cell(out, m->held_result.shares[k], 100, 1);
        print_cell(out, m->dev_result.shares[k], 100, 1);
        for (int t = 0; t < POOLS; t++) print_cell(out, accuracy_in_pool(&m->dev_set, m->dev_to, k, t), 100, 2);
        fputc('\n', out);
    }
    for (int k = 0; k < POOLS; k++)
        if (!m->router.stands[k]) fprintf(out, "\nThe %s pool is empty and was dropped.\n", POOL_NAMES[k]);
}

static void print_evaluation(FILE *out, const char *name, const evaluation *e) {
    fprintf(out, "| %-18s |", name);
    print_cell(out, e->accuracy, 100, 2);
    print_cell(out, e->drop, 1, 2);
    print_cell(out, e->cost, 1, 3);
    print_cell(out, e->saving, 100, 1);
    print_cell(out, e->reward, 1, 4);
    fputc('\n', out);
}

/* One fixed way of routing, or the oracle's, on a set. `to` is scratch. */
static void print_yardstick(FILE *out, const char *name, const evaluation_set *on, const prices *p, int tier_or_oracle,
                            uint8_t *to) {
    for (uint32_t i = 0; i < on->samples; i++)
        to[i] = (uint8_t)(tier_or_oracle < POOLS ? (pool_kind)tier_or_oracle : evaluation_oracle(on, i, p));
    evaluation found = evaluation_of(on, to, p);
    print_evaluation(out, name, &found);
}

static void print_results(const mapping *m, FILE *out) {
    static const char *const NAMES[] = {"dev: phone-only", "dev: edge-only", "dev: cloud-only", "dev: oracle-cost"};
    fprintf(out, "\n## Results\n\n"
                 "| samples: routing   | accuracy | drop     | cost     | saving   | reward   |\n"
                 "|                    | %%        | points   |          | %%        |          |\n"
                 "|--------------------|----------|----------|----------|----------|----------|\n");
    print_evaluation(out, "held out: router", &m->held_result);
    print_evaluation(out, "dev: router", &m->dev_result);
    uint8_t *to = calloc(m->dev_set.samples + 1, 1);
    for (int t = 0; to && t <= POOLS; t++) print_yardstick(out, NAMES[t], &m->dev_set, &m->prices, t, to);
    free(to);
}

static void print_confusion(const mapping *m, FILE *out) {
    uint32_t counts[POOLS][POOLS];
    count_confusion(m, counts);
    fprintf(out, "\n## Assigned tier against the cheapest right one (dev)\n\n"
                 "| assigned | phone    | edge     | cloud    |\n"
                 "|----------|----------|----------|----------|\n");
    for (int k = 0; k < POOLS; k++)
        fprintf(out, "| %-8s | %8u | %8u | %8u |\n", TIER_NAMES[k], counts[k][0], counts[k][1], counts[k][2]);
}

static void print_auc(const mapping *m, FILE *out) {
    fprintf(out, "\n## Is it the map or the length? AUC of \"the phone's exit is right\"\n\n"
                 "| score                                      | held out | dev      |\n"
                 "|--------------------------------------------|----------|----------|\n");
    for (size_t i = 0; i < m->auc_count; i++) {
        fprintf(out, "| %-42s |", m->auc[i].score);
        print_cell(out, m->auc[i].held, 1, 3);
        print_cell(out, m->auc[i].dev, 1, 3);
        fputc('\n', out);
    }
}

void map_print_page(const mapping *m, size_t bytes, FILE *out) {
    print_head(m, bytes, out);
    print_pools(m, out);
    print_results(m, out);
    print_confusion(m, out);
    print_auc(m, out);
}
