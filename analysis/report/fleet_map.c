/* The map of a fleet: phones as dots, edge sites as discs whose area is what they answered, lines to cells
 * that lie elsewhere. Degrees along the axes, a degree of longitude drawn shorter by the cosine of the
 * latitude. */
#include <math.h>
#include <string.h>

#include "base/elementary.h"
#include "run_plots_task.h"

static const double DEGREE = 111195; /* metres of a great circle: the Earth's mean radius x pi / 180 */

/* Inches around the map: tics left and below, the scale above, the legend at the bottom: a title and a line of entries. */
static const double LEFT = 0.72, RIGHT = 0.15, TOP = 0.22, BOTTOM = 0.66, TITLE_AT = 0.31, ENTRIES_AT = 0.11;
enum {
    TICS_ACROSS = 4,
    TICS_UP = 5,     /* at most about so many */
    LONG_LABEL = 24, /* characters; a policy's longer label is cut in the legend */
};

typedef struct frame {
    double west, east, south, north; /* of the map */
    double metres;                   /* across it */
    double cosine;                   /* of the middle latitude */
} frame;

/* Widens a range to `wanted`, evenly on both sides, if it is narrower. */
static void widen(double *low, double *high, double wanted) {
    double more = fmax(0, wanted - (*high - *low)) / 2;
    *low -= more;
    *high += more;
}

/* The fleet's extent with a rim; a single point has some ground around it too. */
static frame frame_of(const fleet *f) {
    double sine, cosine;
    portable_sine_cosine((f->south + f->north) / 2, &sine, &cosine);
    cosine = fmax(0.02, cosine); /* at the poles */
    double rim = fmax(0.04 * fmax((f->east - f->west) * cosine, f->north - f->south), 0.0005);
    frame a = {f->west, f->east, f->south, f->north, 0, cosine};
    widen(&a.west, &a.east, f->east - f->west + 2 * rim / cosine);
    widen(&a.south, &a.north, f->north - f->south + 2 * rim);
    widen(&a.west, &a.east, 0.4 * (a.north - a.south) / cosine); /* no tower, */
    widen(&a.south, &a.north, (a.east - a.west) * cosine / 3);   /* no strip */
    a.south = fmax(a.south, -90);
    a.north = fmin(a.north, 90);
    a.metres = (a.east - a.west) * cosine * DEGREE;
    return a;
}

static double map_width(void) { return PLOT_COLUMN - LEFT - RIGHT; }

double fleet_map_height(const run_folder *f) {
    if (!f->places.count) return PLOT_HEIGHT;
    frame a = frame_of(&f->places);
    return map_width() * (a.north - a.south) / ((a.east - a.west) * a.cosine) + TOP + BOTTOM;
}

/* 1, 2 or 5 times a power of ten, at most `x`. */
static double round_down(double x) {
    double power = pow(10, floor(log10(x))), digits = x / power;
    return power * (digits >= 5 ? 5 : digits >= 2 ? 2 : 1);
}

static double round_up(double x) {
    double below = round_down(x), power = pow(10, floor(log10(x)));
    return below >= x ? below : below < 1.5 * power ? 2 * power : below < 3 * power ? 5 * power : 10 * power;
}

/* Digits behind the point of a multiple of `step`. */
static int decimals(double step) { return (int)fmax(0, -floor(log10(step) + 1e-9)); }

/* ---- Rows ---- */

static double sum_of(const fleet *f, size_t policy) {
    double sum = 0;
    for (size_t i = 0; i < f->site_count; i++) sum += f->answered[policy * f->site_count + i];
    return sum;
}

/* The policy under which the sites answer most. */
static size_t busiest_policy(const run_folder *f) {
    size_t best = 0;
    for (size_t i = 1; i < f->policy_count; i++)
        if (sum_of(&f->places, i) > sum_of(&f->places, best)) best = i;
    return best;
}

static void write_row(FILE *out, const fleet_point *p, const fleet_point *to, const char *policy, double answered) {
    fprintf(out, "%s\t", FLEET_KIND_NAMES[p->kind]);
    plot_field(out, p->name);
    fprintf(out, "\t%.12g\t%.12g\t", p->latitude, p->longitude);
    if (to) fprintf(out, "%.12g\t%.12g\t", to->latitude, to->longitude);
    if (!to) fputs("NaN\tNaN\t", out);
    plot_field(out, policy);
    fprintf(out, "\t%.9g\n", answered);
}

/* A row a site and policy; without sites.csv one a site. */
static void write_sites(const task *t) {
    const fleet *f = &t->f->places;
    for (size_t i = 0; i < (f->answered ? t->f->policy_count : 1); i++)
        for (size_t k = 0; k < f->site_count; k++)
            write_row(t->p.data, &f->points[f->sites[k]], NULL, f->answered ? t->names[i] : "",
                      f->answered ? f->answered[i * f->site_count + k] : NAN);
}

/* Phones and cells; returns whether a cell lies anywhere but at its site. */
static bool write_others(const task *t) {
    const fleet *f = &t->f->places;
    bool apart = false;
    for (size_t i = 0; i < f->count; i++) {
        const fleet_point *p = &f->points[i], *to = NULL;
        if (p->kind == FLEET_SITE) continue;
        size_t site = p->kind == FLEET_CELL ? fleet_find_site(f, p->attached_to) : f->site_count;
        if (site < f->site_count) to = &f->points[f->sites[site]];
        apart |= p->kind == FLEET_CELL && (!to || p->latitude != to->latitude || p->longitude != to->longitude);
        write_row(t->p.data, p, to, "", NAN);
    }
    return apart;
}

/* ---- Variables of fleet-map.gp ---- */

static void write_frame(const plot *p, const frame *a) {
    FILE *out = p->script;
    double across = round_up((a->east - a->west) / TICS_ACROSS);
    if (decimals(across) > 2) across = round_up((a->east - a->west) / (TICS_ACROSS / 2)); /* long labels */
    double up = round_up((a->north - a->south) / TICS_UP);
    double bar = round_down(a->metres / 4), bar_to = 1 - RIGHT / PLOT_COLUMN;
    char text[32];
    plot_margins(p, LEFT, RIGHT, BOTTOM, TOP);
    fprintf(out, "west = %.9g; east = %.9g; south = %.9g; north = %.9g\n", a->west, a->east, a->south, a->north);
    fprintf(out, "x_step = %g; y_step = %g; x_decimals = %d; y_decimals = %d\n", across, up, decimals(across),
            decimals(up));
    snprintf(text, sizeof text, "%g %s", bar >= 1000 ? bar / 1000 : bar, bar >= 1000 ? "km" : "m");
    plot_text(out, "bar_text", text);
    fprintf(out, "bar_from = %.4f; bar_to = %.4f; bar_y = %.4f\n", bar_to - map_width() / PLOT_COLUMN * bar / a->metres,
            bar_to, 1 - TOP / 2 / p->height);
}

/* Longer labels are cut, not within a character of UTF-8. */
static int title_length(const char *policy) {
    int n = (int)strnlen(policy, LONG_LABEL);
    while (n > 0 && ((unsigned char)policy[n] & 0xC0) == 0x80) n--;
    return n;
}

/* Discs show what the sites answered under a policy, at most `most`; 0: it is not known, or nothing. */
static void write_discs(const plot *p, const char *policy, double most, size_t sites) {
    char title[64 + LONG_LABEL];
    int length = title_length(policy);
    snprintf(title, sizeof title, "requests answered at the site, under %.*s%s", length, policy,
             policy[length] ? "..." : "");
    plot_text(p->script, "shown", policy);
    plot_text(p->script, "discs_title", title);
    fprintf(p->script, "discs_title_y = %.4f; answered = %d; most = %.9g; sites = %zu\n", TITLE_AT / p->height,
            most > 0, fmax(most, 1), sites ? sites : 1);
}

/* ---- Legend: a row of entries below the map; fleet-map.gp has the points, sizes and colours of their kinds ---- */

enum { MOST_ENTRIES = 5 };

static void add_entry(FILE *out, size_t *count, const char *kind, const char *text, double answers) {
    size_t i = ++*count;
    fprintf(out, "entry_kinds[%zu] = '%s'; entry_texts[%zu] = '%s'; entry_answers[%zu] = %.9g\n", i, kind, i, text, i,
            answers);
}

/* Discs of a round number and of a quarter of it say what an area means. */
static void add_discs(FILE *out, size_t *count, double most) {
    double large = round_down(most), small = round_down(large / 4);
    char text[32];
    snprintf(text, sizeof text, "%.9g", small);
    if (small >= 1) add_entry(out, count, "disc", text, small);
    snprintf(text, sizeof text, "%.9g", large);
    add_entry(out, count, "disc", text, large);
}

static void write_legend(const plot *p, bool phones, bool apart, double most, bool idle) {
    FILE *out = p->script;
    size_t count = 0;
    fprintf(out, "array entry_kinds[%d]; array entry_texts[%d]; array entry_answers[%d]\n", MOST_ENTRIES, MOST_ENTRIES,
            MOST_ENTRIES);
    if (phones) add_entry(out, &count, "phone", "phone", 0);
    if (apart) add_entry(out, &count, "cell", "cell", 0);
    if (most > 0 && idle) add_entry(out, &count, "idle", "none", 0);
    if (most > 0)
        add_discs(out, &count, most);
    else
        add_entry(out, &count, "site", "edge site", 0);
    fprintf(out, "entry_count = %zu; entries_y = %.4f\n", count, ENTRIES_AT / p->height);
}

bool write_fleet_map(task *t) {
    const fleet *f = &t->f->places;
    size_t shown = f->answered ? busiest_policy(t->f) : 0, phones = 0;
    double most = 0, least = INFINITY;
    for (size_t i = 0; f->answered && i < f->site_count; i++) {
        most = fmax(most, f->answered[shown * f->site_count + i]);
        least = fmin(least, f->answered[shown * f->site_count + i]);
    }
    for (size_t i = 0; i < f->count; i++) phones += f->points[i].kind == FLEET_PHONE;
    frame a = frame_of(f);
    fputs("kind\tname\tlatitude\tlongitude\tsite_latitude\tsite_longitude\tpolicy\tanswered\n", t->p.data);
    write_sites(t);
    bool apart = write_others(t);
    write_frame(&t->p, &a);
    write_discs(&t->p, t->names[shown], most, f->site_count);
    write_legend(&t->p, phones > 0, apart, most, least == 0);
    fprintf(t->p.script, "phones = %zu; cells_apart = %d\n", phones, apart);
    return true;
}
