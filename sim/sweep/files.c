/* A sweep's results as tables and JSON: the store's rows for `--export`, and the files beside the store. */
#include <math.h>
#include <string.h>

#include "analysis/report/report.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/replacement.h"
#include "statistics.h"

static void put_number(FILE *out, double x) {
    fputc(',', out);
    if (isfinite(x)) fprintf(out, "%.9g", x);
}

/* ---- Rows of the store ---- */

typedef struct exporter {
    FILE *out;
    json_t *rows;
    json_t *keys; /* of the parameters, in the order of their columns */
    bool timings;
} exporter;

/* The columns of parameters are named by the first point's, since all settings have the same keys. */
static void put_header(const exporter *e) {
    const char *key;
    json_t *value;
    fputs("point", e->out);
    json_object_foreach(e->keys, key, value) {
        fputc(',', e->out);
        csv_put(e->out, key);
    }
    fputs(",seed,status,policy", e->out);
    for (const metric *m = METRICS; m->key; m++) fprintf(e->out, ",%s", m->key);
    fprintf(e->out, ",error%s\n", e->timings ? ",host,seconds,attempts" : "");
}

/* A policy's row; one without a policy (NULL) of a point that has no results. */
static void put_row(const exporter *e, const point_record *p, const point_result *result) {
    const char *key;
    json_t *value;
    fprintf(e->out, "%zu", p->point);
    json_object_foreach(e->keys, key, value) {
        fputc(',', e->out);
        csv_put(e->out, json_string_value(json_object_get(p->parameters, key)));
    }
    fprintf(e->out, ",%llu,%s,", (unsigned long long)p->seed, POINT_STATUS_NAMES[p->status]);
    csv_put(e->out, result ? result->policy : NULL);
    for (const metric *m = METRICS; m->key; m++) put_number(e->out, result ? metric_value(m, &result->summary) : NAN);
    fputc(',', e->out);
    csv_put(e->out, p->error);
    if (e->timings) {
        fputc(',', e->out);
        csv_put(e->out, p->host);
        put_number(e->out, p->seconds);
        fprintf(e->out, ",%zu", p->attempts);
    }
    fputc('\n', e->out);
}

static bool export_csv_point(const point_record *p, void *context, portolan_error *err) {
    exporter *e = context;
    if (!e->keys) {
        e->keys = json_copy((json_t *)p->parameters);
        if (!e->keys) return error_memory(err, 0);
        put_header(e);
    }
    for (size_t i = 0; i < p->count; i++) put_row(e, p, &p->results[i]);
    if (!p->count) put_row(e, p, NULL);
    return true;
}

bool sweep_export_csv(sweep_store *t, bool timings, FILE *out, portolan_error *err) {
    exporter e = {.out = out, .timings = timings};
    bool ok = store_read(t, export_csv_point, &e, err);
    json_decref(e.keys);
    return ok;
}

static bool export_json_row(exporter *e, const point_record *p, const point_result *result, portolan_error *err) {
    json_t *o = json_pack("{s:I, s:O, s:I, s:s}", "point", (json_int_t)p->point, "parameters", p->parameters, "seed",
                          (json_int_t)p->seed, "status", POINT_STATUS_NAMES[p->status]);
    if (p->error) json_put(&o, "error", json_text(p->error));
    if (result) json_put(&o, "policy", json_string(result->policy));
    for (const metric *m = METRICS; result && m->key; m++)
        json_put(&o, m->key, json_number(metric_value(m, &result->summary)));
    if (e->timings) {
        json_put(&o, "host", p->host ? json_text(p->host) : json_null());
        json_put(&o, "seconds", json_number(p->seconds));
        json_put(&o, "attempts", json_integer((json_int_t)p->attempts));
    }
    json_add(&e->rows, o);
    return e->rows || error_memory(err, 0);
}

static bool export_json_point(const point_record *p, void *context, portolan_error *err) {
    bool ok = p->count || export_json_row(context, p, NULL, err);
    for (size_t i = 0; ok && i < p->count; i++) ok = export_json_row(context, p, &p->results[i], err);
    return ok;
}

json_t *sweep_export_json(sweep_store *t, bool timings, portolan_error *err) {
    exporter e = {.rows = json_array(), .timings = timings};
    if (e.rows && store_read(t, export_json_point, &e, err)) return e.rows;
    json_decref(e.rows);
    return NULL;
}

/* ---- statistics.csv ---- */

const char STATISTICS_HEADER[] = "policy,metric,seeds,mean,sd,low,high,difference,difference_low,difference_high\n";

static void put_setting(const sweep_statistics *st, const sweep_cell *c, FILE *out) {
    char text[4096];
    for (size_t k = 0; k < st->w->key_count; k++) {
        csv_put(out, sweep_value(st->w, c->setting, k, text, sizeof text));
        fputc(',', out);
    }
    csv_put(out, c->policy);
}

static void put_statistics(const sweep_statistics *st, FILE *out) {
    for (size_t k = 0; k < st->w->key_count; k++) {
        csv_put(out, st->w->keys[k]);
        fputc(',', out);
    }
    fputs(STATISTICS_HEADER, out);
    for (size_t i = 0; i < st->cell_count; i++) {
        for (size_t m = 0; m < METRIC_COUNT; m++) {
            const interval *x = &st->cells[i].metrics[m], *d = &st->cells[i].differences[m];
            double difference[] = {d->mean, d->low, d->high};
            put_setting(st, &st->cells[i], out);
            fprintf(out, ",%s,%zu", METRICS[m].key, x->n);
            put_number(out, x->mean);
            put_number(out, x->sd);
            put_number(out, x->low);
            put_number(out, x->high);
            for (size_t k = 0; k < 3; k++) put_number(out, d->n ? difference[k] : NAN);
            fputc('\n', out);
        }
    }
}

/* ---- sweep.json ---- */

static json_t *interval_json(const interval *i) {
    return json_pack("{s:o, s:o, s:o, s:o}", "mean", json_number(i->mean), "sd", json_number(i->sd), "low",
                     json_number(i->low), "high", json_number(i->high));
}

static json_t *cell_json(const sweep_statistics *st, const sweep_cell *c) {
    if (!c) return json_null();
    json_t *metrics = json_object();
    for (size_t m = 0; m < METRIC_COUNT; m++) json_put(&metrics, METRICS[m].key, interval_json(&c->metrics[m]));
    return json_pack("{s:o, s:s, s:I, s:b, s:o}", "parameters", sweep_parameters(st->w, c->setting), "policy",
                     c->policy, "seeds", (json_int_t)c->metrics[0].n, "sure", c->front == FRONT_SURE, "metrics",
                     metrics);
}

static json_t *axes_json(const sweep *w) {
    json_t *axes = json_array();
    for (size_t a = 0; a < w->axis_count; a++) {
        json_t *keys = json_array(), *values = json_array();
        for (size_t k = 0; k < w->axes[a].key_count; k++)
            json_add(&keys, json_string(w->keys[w->axes[a].first_key + k]));
        for (size_t i = 0; i < w->axes[a].count * w->axes[a].key_count; i++)
            json_add(&values, json_from_yaml(w->axes[a].values[i]));
        json_add(&axes, json_pack("{s:o, s:o}", "keys", keys, "values", values));
    }
    return axes;
}

static json_t *best_json(const sweep_statistics *st) {
    const sweep_questions *q = &st->w->questions;
    if (!q->objective) return json_null();
    json_t *bounds = json_object();
    for (size_t i = 0; i < q->bound_count; i++)
        json_put(&bounds, q->bounds[i].metric->key, json_real(q->bounds[i].value));
    return json_pack("{s:s, s:o, s:o, s:o}", q->objective->better == BETTER_LESS ? "minimise" : "maximise",
                     q->objective->key, "subject_to", bounds, "by_mean", cell_json(st, st->best), "by_interval",
                     cell_json(st, st->best_sure));
}

json_t *sweep_json(const sweep_statistics *st, const sweep_store *t) {
    const sweep *w = st->w;
    json_t *seeds = json_array(), *pareto = json_array(), *found = json_array();
    json_int_t counts[] = {0, 0, 0};
    for (size_t i = 0; i < w->seed_count; i++) json_add(&seeds, json_integer((json_int_t)w->seeds[i]));
    for (size_t k = 0; k < w->questions.pareto_count; k++) json_add(&pareto, json_string(w->questions.pareto[k]->key));
    for (size_t i = 0; i < st->cell_count; i++)
        if (st->cells[i].front) json_add(&found, cell_json(st, &st->cells[i]));
    for (size_t i = 0; i < sweep_points(w); i++) counts[t->status[i]]++;
    return json_pack("{s:i, s:s, s:o, s:o, s:{s:I, s:I, s:I}, s:f, s:{s:o, s:o}, s:o}", "schema_version",
                     (int)schema_version(&RESULTS_SCHEMA), "sweep", w->name, "axes", axes_json(w), "seeds", seeds,
                     "points", "done", counts[POINT_DONE], "failed", counts[POINT_FAILED], "waiting",
                     counts[POINT_WAITING], "confidence", w->questions.confidence, "pareto", "metrics", pareto, "front",
                     found, "best", best_json(st));
}

/* ---- The files ---- */

static bool write_file(const sweep_statistics *st, sweep_store *t, const char *name, portolan_error *err) {
    char path[sizeof t->folder + 32];
    replacement r;
    bool ok = true;
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    if (!replacement_open(&r, path, err)) return false;
    if (strcmp(name, "points.csv") == 0) {
        ok = sweep_export_csv(t, false, r.stream, err);
    } else if (strcmp(name, "statistics.csv") == 0) {
        put_statistics(st, r.stream);
    } else {
        json_t *document = sweep_json(st, t);
        ok = json_print(document, r.stream, err);
        json_decref(document);
    }
    return replacement_finish(&r, ok, err);
}

bool sweep_files_write(const sweep_statistics *st, sweep_store *t, portolan_error *err) {
    return write_file(st, t, "points.csv", err) && write_file(st, t, "statistics.csv", err) &&
           write_file(st, t, "sweep.json", err);
}
