/* Reads places.csv and sites.csv. */
#include "fleet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/csv.h"

const char *const FLEET_KIND_NAMES[] = {"site", "cell", "phone", NULL};

/* ---- places.csv ---- */

enum { KIND, NAME, LATITUDE, LONGITUDE, ATTACHED, COLUMNS };

static bool find_columns(const csv_reader *r, const char *const *names, size_t count, size_t *columns,
                         portolan_error *err) {
    for (size_t i = 0; i < count; i++)
        if (!csv_column(r, names[i], &columns[i], err)) return false;
    return true;
}

static fleet_point *add_point(fleet *f, portolan_error *err) {
    return ARRAY_RESERVE(f->points, f->room, f->count + 1, err) ? &f->points[f->count++] : NULL;
}

static bool read_point(fleet *f, const csv_reader *r, const size_t *columns, portolan_error *err) {
    fleet_point *p = add_point(f, err);
    if (!p) return false;
    int kind = 0;
    while (kind < FLEET_KINDS && strcmp(FLEET_KIND_NAMES[kind], r->fields[columns[KIND]]) != 0) kind++;
    if (kind == FLEET_KINDS)
        return error_input(err, csv_mark(r, columns[KIND]), "'kind' is '%.40s'; site, cell or phone is wanted",
                           r->fields[columns[KIND]]);
    const char *name = r->fields[columns[NAME]], *attached = r->fields[columns[ATTACHED]];
    *p = (fleet_point){.kind = (fleet_kind)kind,
                       .name = arena_text(&f->memory, name, strlen(name)),
                       .attached_to = arena_text(&f->memory, attached, strlen(attached))};
    if (!p->name || !p->attached_to) return error_memory(err, strlen(name) + strlen(attached));
    f->site_count += kind == FLEET_SITE;
    return csv_degrees(r, columns[LATITUDE], 90, &p->latitude, err) &&
           csv_degrees(r, columns[LONGITUDE], 180, &p->longitude, err);
}

static bool read_points(fleet *f, csv_reader *r, portolan_error *err) {
    static const char *const NAMES[COLUMNS] = {"kind", "name", "latitude", "longitude", "attached_to"};
    size_t columns[COLUMNS];
    csv_state state;
    if (!find_columns(r, NAMES, COLUMNS, columns, err)) return false;
    while ((state = csv_next(r, err)) == CSV_ROW)
        if (!read_point(f, r, columns, err)) return false;
    return state == CSV_END;
}

static void measure(fleet *f) {
    f->west = f->south = INFINITY;
    f->east = f->north = -INFINITY;
    for (size_t i = 0; i < f->count; i++) {
        const fleet_point *p = &f->points[i];
        f->west = fmin(f->west, p->longitude);
        f->east = fmax(f->east, p->longitude);
        f->south = fmin(f->south, p->latitude);
        f->north = fmax(f->north, p->latitude);
    }
}

/* How far the fleet reaches from east to west if its longitudes count from 0 to 360. */
static double width_from_greenwich(const fleet *f) {
    double west = INFINITY, east = -INFINITY;
    for (size_t i = 0; i < f->count; i++) {
        double longitude = f->points[i].longitude + (f->points[i].longitude < 0 ? 360 : 0);
        west = fmin(west, longitude);
        east = fmax(east, longitude);
    }
    return east - west;
}

/* A fleet around 180 degrees would be torn to both ends of the map; one all around the Earth is left as it is. */
static void mend(fleet *f) {
    measure(f);
    if (f->east - f->west <= 180 || width_from_greenwich(f) > 180) return;
    for (size_t i = 0; i < f->count; i++)
        if (f->points[i].longitude < 0) f->points[i].longitude += 360;
    measure(f);
}

static int compare_sites(const void *a, const void *b, void *points) {
    const fleet_point *p = points;
    return strcmp(p[*(const size_t *)a].name, p[*(const size_t *)b].name);
}

static bool sort_sites(fleet *f, portolan_error *err) {
    f->sites = malloc((f->site_count + 1) * sizeof *f->sites);
    if (!f->sites) return error_memory(err, f->site_count * sizeof *f->sites);
    for (size_t i = 0, n = 0; i < f->count; i++)
        if (f->points[i].kind == FLEET_SITE) f->sites[n++] = i;
    qsort_r(f->sites, f->site_count, sizeof *f->sites, compare_sites, f->points);
    return true;
}

size_t fleet_find_site(const fleet *f, const char *name) {
    size_t low = 0, high = f->site_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(f->points[f->sites[middle]].name, name);
        if (order == 0) return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return f->site_count;
}

/* ---- sites.csv ---- */

static bool read_answers(fleet *f, csv_reader *r, const char *const *policies, size_t policy_count,
                         portolan_error *err) {
    enum { POLICY, SITE, ANSWERED, NEEDED };
    static const char *const NAMES[NEEDED] = {"policy", "site", "answered_edge"};
    size_t columns[NEEDED], policy = 0;
    csv_state state;
    double answered;
    if (!find_columns(r, NAMES, NEEDED, columns, err)) return false;
    while ((state = csv_next(r, err)) == CSV_ROW) {
        const char *label = r->fields[columns[POLICY]];
        if (strcmp(policies[policy], label) != 0) /* rows of a policy stand together */
            for (policy = 0; policy < policy_count && strcmp(policies[policy], label) != 0;) policy++;
        if (policy == policy_count)
            return error_input(err, r->mark, "there is no policy '%.80s' in summary.json", label);
        if (!csv_number(r, columns[ANSWERED], &answered, err)) return false;
        if (!(answered >= 0))
            return error_input(err, csv_mark(r, columns[ANSWERED]), "'answered_edge' is '%.40s'; a count is wanted",
                               r->fields[columns[ANSWERED]]);
        size_t site = fleet_find_site(f, r->fields[columns[SITE]]);
        if (site < f->site_count) f->answered[policy * f->site_count + site] = answered;
    }
    return state == CSV_END;
}

static bool load_answers(fleet *f, const char *path, const char *const *policies, size_t policy_count,
                         portolan_error *err) {
    csv_reader r;
    if (access(path, F_OK) != 0 || !f->site_count) return true;
    f->answered = calloc(policy_count * f->site_count, sizeof *f->answered);
    if (!f->answered) return error_memory(err, policy_count * f->site_count * sizeof *f->answered);
    if (!csv_open(&r, path, err)) return false;
    bool ok = read_answers(f, &r, policies, policy_count, err);
    csv_close(&r);
    return ok;
}

/* ---- Both ---- */

static bool load_points(fleet *f, const char *path, portolan_error *err) {
    csv_reader r;
    if (!csv_open(&r, path, err)) return false;
    bool ok = read_points(f, &r, err);
    csv_close(&r);
    if (ok) mend(f);
    return ok && sort_sites(f, err);
}

bool fleet_load(fleet *f, const char *folder, const char *const *policies, size_t policy_count, portolan_error *err) {
    char path[1100];
    *f = (fleet){0};
    snprintf(path, sizeof path, "%s/places.csv", folder);
    if (access(path, F_OK) != 0) return true;
    bool ok = load_points(f, path, err);
    snprintf(path, sizeof path, "%s/sites.csv", folder);
    ok = ok && load_answers(f, path, policies, policy_count, err);
    if (!ok) fleet_free(f);
    return ok;
}

void fleet_free(fleet *f) {
    arena_free(&f->memory);
    free(f->points);
    free(f->sites);
    free(f->answered);
    *f = (fleet){0};
}
