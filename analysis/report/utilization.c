/* Counters of a trace, step functions of time, averaged over bins. */
#include "utilization.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/csv.h"

const char *const UTILIZATION_TIER_NAMES[UTILIZATION_TIERS] = {"phones", "edge sites", "clouds"};

static const double MOST_PERCENT = 100.0001; /* 100, and what rounding adds */
static const double LEAST_SPAN = 1e-9;       /* seconds; a shorter one has no bins */

/* What the names of places begin with in a trace. */
static const char *const PREFIXES[UTILIZATION_TIERS] = {"phones ", "edge site ", "cloud region "};

typedef struct place {
    char *name;
    int tier;
    double value;
} place;

typedef struct reading {
    csv_reader csv;
    size_t event, time, duration, where, value; /* columns */
    place *places;
    size_t count, room, next; /* next: where the search for a place begins, since rows repeat their order */
    double sum[UTILIZATION_TIERS], places_of[UTILIZATION_TIERS];
    double now;
    size_t bin; /* that `now` is in */
} reading;

static bool open_trace(reading *r, const char *path, portolan_error *err) {
    *r = (reading){0};
    if (!csv_open(&r->csv, path, err)) return false;
    bool ok = csv_column(&r->csv, "event", &r->event, err) && csv_column(&r->csv, "time_s", &r->time, err) &&
              csv_column(&r->csv, "duration_s", &r->duration, err) && csv_column(&r->csv, "place", &r->where, err) &&
              csv_column(&r->csv, "value", &r->value, err);
    if (!ok) csv_close(&r->csv);
    return ok;
}

static void close_trace(reading *r) {
    for (size_t i = 0; i < r->count; i++) free(r->places[i].name);
    free(r->places);
    csv_close(&r->csv);
}

/* The next row of a utilization counter: its beginning, length and value. */
static csv_state next_counter(reading *r, double *time, double *duration, double *value, portolan_error *err) {
    csv_state state;
    while ((state = csv_next(&r->csv, err)) == CSV_ROW) {
        if (strcmp(r->csv.fields[r->event], "utilization") != 0) continue;
        if (!csv_number(&r->csv, r->time, time, err) || !csv_number(&r->csv, r->duration, duration, err) ||
            !csv_number(&r->csv, r->value, value, err))
            return CSV_FAILED;
        if (!(*time >= 0 && *duration >= 0 && isfinite(*time + *duration) && *value >= 0 && *value <= MOST_PERCENT)) {
            error_input(err, r->csv.mark,
                        "a counter has a time_s and a duration_s, not negative, and a value from 0 to 100");
            return CSV_FAILED;
        }
        break;
    }
    return state;
}

static int tier_of(const char *name) {
    for (int k = 0; k < UTILIZATION_TIERS; k++)
        if (strncmp(name, PREFIXES[k], strlen(PREFIXES[k])) == 0) return k;
    return -1;
}

static place *add_place(reading *r, const char *name, int tier, portolan_error *err) {
    if (!ARRAY_RESERVE(r->places, r->room, r->count + 1, err)) return NULL;
    char *copy = strdup(name);
    if (!copy) return error_memory(err, strlen(name)), NULL;
    r->places_of[tier]++;
    r->places[r->count] = (place){copy, tier, 0};
    return &r->places[r->count++];
}

/* NULL if memory is short. */
static place *find_place(reading *r, const char *name, int tier, portolan_error *err) {
    for (size_t i = 0; i < r->count; i++) {
        size_t at = (r->next + i) % r->count;
        if (strcmp(r->places[at].name, name) != 0) continue;
        r->next = at + 1;
        return &r->places[at];
    }
    return add_place(r, name, tier, err);
}

/* Lets time pass with all counters as they are. */
static void advance(reading *r, utilization *u, double to) {
    double width = (u->end - u->begin) / UTILIZATION_BINS;
    while (r->now < to && r->bin < UTILIZATION_BINS) {
        double border = u->begin + width * (double)(r->bin + 1), stop = fmin(to, border);
        for (int k = 0; k < UTILIZATION_TIERS; k++)
            if (r->places_of[k] > 0) u->percent[k][r->bin] += (stop - r->now) / width * r->sum[k] / r->places_of[k];
        r->now = stop;
        if (to >= border) r->bin++;
    }
}

/* First pass: from when to when. */
static bool read_span(utilization *u, const char *path, portolan_error *err) {
    reading r;
    double time, duration, value;
    csv_state state;
    *u = (utilization){.begin = INFINITY, .end = -INFINITY};
    if (!open_trace(&r, path, err)) return false;
    while ((state = next_counter(&r, &time, &duration, &value, err)) == CSV_ROW) {
        u->begin = fmin(u->begin, time);
        u->end = fmax(u->end, time + duration);
    }
    close_trace(&r);
    if (!(u->end - u->begin > LEAST_SPAN)) u->begin = u->end = 0;
    return state == CSV_END;
}

static bool read_values(utilization *u, reading *r, portolan_error *err) {
    double time, duration, value;
    csv_state state;
    r->now = u->begin;
    while ((state = next_counter(r, &time, &duration, &value, err)) == CSV_ROW) {
        const char *name = r->csv.fields[r->where];
        int tier = tier_of(name);
        if (tier < 0) continue;
        advance(r, u, time);
        place *p = find_place(r, name, tier, err);
        if (!p) return false;
        r->sum[tier] += value - p->value;
        p->value = value;
        u->has[tier] = true;
    }
    if (state == CSV_END) advance(r, u, u->end);
    return state == CSV_END;
}

bool utilization_read(utilization *u, const char *path, portolan_error *err) {
    reading r;
    if (!read_span(u, path, err)) return false;
    if (u->begin == u->end) return true;
    if (!open_trace(&r, path, err)) return false;
    bool ok = read_values(u, &r, err);
    close_trace(&r);
    return ok;
}
