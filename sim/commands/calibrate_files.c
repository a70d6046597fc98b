/* The files of a calibration, and what is said of it. */
#include "calibrate_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"

void calibration_free(calibration *c) {
    latencies_free(&c->rows);
    free(c->fitted);
    free(c->tabled);
}

/* ---- table.csv ---- */

static int by_shape(const void *left, const void *right) {
    const latency *a = left, *b = right;
    const double of_a[] = {a->hidden, a->feed_forward, a->layers, a->tokens, a->batch, a->seconds};
    const double of_b[] = {b->hidden, b->feed_forward, b->layers, b->tokens, b->batch, b->seconds};
    for (size_t i = 0; i < sizeof of_a / sizeof *of_a; i++)
        if (of_a[i] != of_b[i]) return of_a[i] < of_b[i] ? -1 : 1;
    return 0;
}

static bool is_same_shape(const latency *a, const latency *b) {
    return a->hidden == b->hidden && a->feed_forward == b->feed_forward && a->layers == b->layers &&
           a->tokens == b->tokens && a->batch == b->batch;
}

static void write_rows(const latency *sorted, size_t count, FILE *out) {
    fputs("hidden,feed_forward,layers,tokens,batch,seconds,spread\n", out);
    for (size_t i = 0, n; i < count; i += n) {
        for (n = 1; i + n < count && is_same_shape(&sorted[i], &sorted[i + n]);) n++;
        const latency *m = &sorted[i + n / 2];
        fprintf(out, "%.12g,%.12g,%.12g,%.12g,%.12g,%.9g,", m->hidden, m->feed_forward, m->layers, m->tokens, m->batch,
                m->seconds);
        if (!isnan(m->spread)) fprintf(out, "%.3g", m->spread);
        fputc('\n', out);
    }
}

static bool write_table(const calibration *c, const result_folder *folder, portolan_error *err) {
    size_t count = c->model ? c->used : c->rows.count;
    latency *sorted = malloc(count * sizeof *sorted);
    if (!sorted) return error_memory(err, count * sizeof *sorted);
    memcpy(sorted, c->rows.items, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_shape);
    FILE *f = result_file_open(folder, "table.csv", err);
    if (f) write_rows(sorted, count, f);
    free(sorted);
    return result_file_close(f, "table.csv", err);
}

/* Reads the table as a platform will, and asks it for every row. */
static bool use_table(calibration *c, const char *path, portolan_error *err) {
    arena memory = {0};
    const service_table *t = service_table_load(&memory, path, err);
    for (size_t i = 0; t && i < c->rows.count; i++) {
        const latency *m = &c->rows.items[i];
        const service_shape shape = {(uint64_t)m->hidden, (uint64_t)m->feed_forward, 0};
        c->tabled[i] = service_table_seconds(t, &shape, m->layers, m->tokens, m->batch);
    }
    arena_free(&memory);
    return t != NULL;
}

static bool is_narrow(const calibration *c) {
    for (size_t i = 0; i < c->rows.count; i++)
        if (c->rows.items[i].attention != c->rows.items[i].hidden) return true;
    return false;
}

bool calibration_write_table(calibration *c, const result_folder *folder, portolan_error *err) {
    char path[sizeof folder->path + 16];
    portolan_error why = {0};
    for (size_t i = 0; i < c->rows.count; i++) c->tabled[i] = NAN;
    if (is_narrow(c)) {
        snprintf(c->no_table, sizeof c->no_table,
                 "attention is not as wide as the hidden state, and a table cannot say so");
        return true;
    }
    if (!write_table(c, folder, err)) return false;
    snprintf(path, sizeof path, "%s/table.csv", folder->path);
    c->has_table = use_table(c, path, &why);
    if (c->has_table) return true;
    if (why.status == STATUS_FAILED || c->model) {
        *err = why;
        return false;
    }
    snprintf(c->no_table, sizeof c->no_table, "%.500s", why.message);
    unlink(path);
    return true;
}

/* ---- device.yaml ---- */

/* The processor's name, as the kernel tells it; the kind of machine where it does not. */
static void name_processor(char *into, size_t size) {
    struct utsname host = {0};
    char line[512];
    uname(&host);
    snprintf(into, size, "%s", host.machine);
    FILE *f = fopen("/proc/cpuinfo", "re");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(into, size, "%s, %s", colon + 1 + strspn(colon + 1, " "), host.machine);
        break;
    }
    if (f) fclose(f);
}

static void range_of(const calibration *c, size_t offset, char *into, size_t size) {
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < c->rows.count; i++) {
        double x = *(const double *)((const char *)&c->rows.items[i] + offset);
        least = fmin(least, x);
        most = fmax(most, x);
    }
    if (least == most)
        snprintf(into, size, "%.6g", least);
    else
        snprintf(into, size, "%.6g to %.6g", least, most);
}

static void write_ranges(const calibration *c, FILE *out) {
    static const struct {
        const char *name;
        size_t offset;
    } RANGES[] = {{"hidden", offsetof(latency, hidden)},
                  {"feed-forward", offsetof(latency, feed_forward)},
                  {"layers", offsetof(latency, layers)},
                  {"tokens", offsetof(latency, tokens)},
                  {"batch", offsetof(latency, batch)}};
    char range[64];
    for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++) {
        range_of(c, RANGES[i].offset, range, sizeof range);
        fprintf(out, "%s%s %s", i ? ", " : "", RANGES[i].name, range);
    }
}

static void write_origin(const calibration *c, FILE *out) {
    char processor[600], date[32], hash[FILE_HASH_TEXT];
    portolan_error ignored = {0};
    struct utsname host = {0};
    struct tm utc;
    time_t now = time(NULL);
    strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &utc));
    if (c->model) {
        uname(&host);
        name_processor(processor, sizeof processor);
        fprintf(out, "Measured by portolan calibrate %s on %s, %s (%s), kernels %s, one core, %s: ", PORTOLAN_VERSION,
                date, host.nodename, processor, encoder_kernel(), c->model);
    } else {
        if (!file_hash(c->from, hash, &ignored)) snprintf(hash, sizeof hash, "unknown");
        fprintf(out, "Fitted by portolan calibrate %s on %s to %s (SHA-256 %.16s...): ", PORTOLAN_VERSION, date,
                c->from, hash);
    }
}

static void write_error(const calibration *c, FILE *out) {
    const service_errors *e = c->formula_errors.count ? &c->formula_errors : &c->used_errors;
    fprintf(out, "median %.1f %%, 90 %% within %.1f %% (shapes %s)", 100 * e->median, 100 * e->p90,
            c->formula_errors.count ? "left out" : "of the fit");
    if (c->table_errors.count) fprintf(out, "; by the table %.1f %%", 100 * c->table_errors.median);
}

/* Where the figures come from, in words. */
static void write_source(const calibration *c, FILE *out) {
    write_origin(c, out);
    fprintf(out, "%zu shapes fitted, %zu left out", c->used, c->rows.count - c->used);
    if (c->outliers) fprintf(out, ", %zu outliers in neither", c->outliers);
    if (!(c->fit.per[TERM_FLOPS] > 0))
        fputs(". Speed: assumption, a lower bound; the latencies do not grow with FLOP", out);
    fprintf(out, ". Cores, power, memory and price: assumption, those of %s.", c->like);
}

/* A key and a text, quoted so that it stays one. */
static bool put_text(FILE *out, const char *key, const char *text, portolan_error *err) {
    json_t *value = json_text(text);
    char *quoted = value ? json_dump_text(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
    json_decref(value);
    if (!quoted) return error_memory(err, strlen(text));
    fprintf(out, "    %s: %s\n", key, quoted);
    free(quoted);
    return true;
}

static void put_quantity(FILE *out, const char *key, double value, unit_family family) {
    char text[64];
    unit_format(text, sizeof text, value, family);
    fprintf(out, "    %s: %s\n", key, text);
}

double calibration_speed(const calibration *c) {
    double longest = 0, flops = 0;
    if (c->fit.per[TERM_FLOPS] > 0) return 1 / c->fit.per[TERM_FLOPS];
    for (size_t i = 0; i < c->rows.count; i++) {
        longest = fmax(longest, c->fitted[i]);
        flops = fmax(flops, latency_flops(&c->rows.items[i]));
    }
    return flops / (0.01 * longest);
}

static void put_service_time(const calibration *c, FILE *out) {
    put_quantity(out, "speed", calibration_speed(c), UNIT_SPEED);
    if (c->fit.per[TERM_CALL] > 0) put_quantity(out, "call", c->fit.per[TERM_CALL], UNIT_TIME);
    if (c->fit.per[TERM_WEIGHTS] > 0) fprintf(out, "    memory_bandwidth: %.9gGBps\n", 1e-9 / c->fit.per[TERM_WEIGHTS]);
    if (c->has_table) fputs("    table: table.csv\n", out);
}

static void put_hardware(const device *d, FILE *out) {
    fprintf(out, "    cores: %llu\n", (unsigned long long)d->cores);
    put_quantity(out, "idle", d->idle_watts, UNIT_POWER);
    put_quantity(out, "busy", d->busy_watts, UNIT_POWER);
    put_quantity(out, "memory", d->memory_bytes, UNIT_SIZE);
    if (d->usd_per_second > 0) fprintf(out, "    price: %.9gUSD/h\n", d->usd_per_second * 3600);
}

static void write_summary(const calibration *c, FILE *out) {
    fprintf(out, "fitted by portolan calibrate to %s", c->model ? c->model : c->from);
}

/* A key, and as a text what `write` writes. */
static bool put_words(const calibration *c, FILE *out, const char *key, void (*write)(const calibration *, FILE *),
                      portolan_error *err) {
    char *text = NULL;
    size_t size;
    FILE *words = open_memstream(&text, &size);
    if (!words) return error_memory(err, 0);
    write(c, words);
    bool ok = !ferror(words);
    ok = fclose(words) == 0 && ok ? put_text(out, key, text, err) : error_memory(err, 0);
    free(text);
    return ok;
}

bool calibration_write_device(const calibration *c, const result_folder *folder, portolan_error *err) {
    FILE *f = result_file_open(folder, "device.yaml", err);
    bool ok = f != NULL;
    if (ok) {
        fprintf(
            f,
            "# Put the entry into the `devices` of a platform, whose file a relative path of the table counts from.\n"
            "devices:\n  %s:\n",
            c->name);
        ok = put_words(c, f, "summary", write_summary, err) && put_words(c, f, "source", write_source, err) &&
             put_words(c, f, "range", write_ranges, err) && put_words(c, f, "error", write_error, err);
        put_service_time(c, f);
        put_hardware(c->hardware, f);
    }
    return result_file_close(f, "device.yaml", err) && ok;
}

/* ---- What is said ---- */

static json_t *errors_json(const service_errors *e) {
    return json_pack("{s:I, s:o, s:o, s:o, s:o}", "shapes", (json_int_t)e->count, "median", json_number(e->median),
                     "mean", json_number(e->mean), "p90", json_number(e->p90), "max", json_number(e->most));
}

json_t *calibration_json(const calibration *c) {
    const double *per = c->fit.per;
    json_t *all = json_pack(
        "{s:s, s:o, s:f, s:o, s:b, s:I, s:I, s:I, s:o}", "name", c->name, "call_s", json_real(per[TERM_CALL]),
        "flops_per_second", calibration_speed(c), "memory_bytes_per_second", json_number(1 / per[TERM_WEIGHTS]),
        "flops_fitted", per[TERM_FLOPS] > 0, "fitted", (json_int_t)c->used, "left_out",
        (json_int_t)(c->rows.count - c->used), "outliers", (json_int_t)c->outliers, "spread", json_number(c->spread));
    json_put(&all, "errors_fitted", errors_json(&c->used_errors));
    json_put(&all, "errors_left_out", errors_json(&c->formula_errors));
    json_put(&all, "errors_table", errors_json(&c->table_errors));
    json_put(&all, "table", json_boolean(c->has_table));
    return all;
}

static void print_errors(const char *title, const service_errors *e, FILE *out) {
    if (!e->count) return;
    fprintf(out, "  %-24s %6zu %8.1f %8.1f %8.1f %8.1f\n", title, e->count, 100 * e->median, 100 * e->mean,
            100 * e->p90, 100 * e->most);
}

void calibration_print(const calibration *c, FILE *out) {
    char text[64];
    unit_format(text, sizeof text, c->fit.per[TERM_CALL], UNIT_TIME);
    fprintf(out, "%s: call %s, ", c->name, text);
    if (c->fit.per[TERM_WEIGHTS] > 0) fprintf(out, "weights at %.4gGBps, ", 1e-9 / c->fit.per[TERM_WEIGHTS]);
    fprintf(out, "speed %.4gGf%s\n", 1e-9 * calibration_speed(c),
            c->fit.per[TERM_FLOPS] > 0 ? "" : " or more: latencies do not grow with FLOP");
    fputs("relative error, %           shapes   median     mean  90 % in     most\n", out);
    print_errors("formula, fitted", &c->used_errors, out);
    print_errors("formula, left out", &c->formula_errors, out);
    print_errors("table, left out", &c->table_errors, out);
    if (c->outliers) fprintf(out, "%zu outliers are in none of these\n", c->outliers);
    if (!isnan(c->spread)) fprintf(out, "repeating a shape gives the same within %.1f %% (median)\n", 100 * c->spread);
    if (!c->has_table) fprintf(out, "no table: %s\n", c->no_table);
}
