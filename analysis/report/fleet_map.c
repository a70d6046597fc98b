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
    TICS_UP = 5,        /* at most about so many */
    MANY_PHONES = 3000, /* have smaller dots */
    LONG_LABEL = 24,    /* characters; a policy's longer label is cut in the legend */
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

/* ---- Script ---- */

static void write_frame(FILE *out, const frame *a, double height) {
    double across = round_up((a->east - a->west) / TICS_ACROSS);
    if (decimals(across) > 2) across = round_up((a->east - a->west) / (TICS_ACROSS / 2)); /* long labels */
    double up = round_up((a->north - a->south) / TICS_UP);
    double bar = round_down(a->metres / 4);
    fprintf(out,
            "set lmargin at screen %g\nset rmargin at screen %g\nset bmargin at screen %g\n"
            "set tmargin at screen %g\n"
            "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset xtics %g geographic\nset ytics %g geographic\n"
            "set format x '%%.%dd°%%E'\nset format y '%%.%dd°%%N'\nset border 15\n"
            "unset key\n",
            LEFT / PLOT_COLUMN, 1 - RIGHT / PLOT_COLUMN, BOTTOM / height, 1 - TOP / height, a->west, a->east, a->south,
            a->north, across, up, decimals(across), decimals(up));
    double at = 1 - TOP / 2 / height, left = 1 - RIGHT / PLOT_COLUMN - map_width() / PLOT_COLUMN * bar / a->metres;
    fprintf(out,
            "set arrow from screen %.4f,%.4f to screen %.4f,%.4f heads size screen 0.008,90 lc rgb ink lw 1.5\n"
            "set label '%g %s' at screen %.4f,%.4f right textcolor rgb ink\n",
            left, at, 1 - RIGHT / PLOT_COLUMN, at, bar >= 1000 ? bar / 1000 : bar, bar >= 1000 ? "km" : "m",
            left - 0.02, at);
}

/* Point size of a disc for n answers; the largest stands for `most`. */
static double disc_size(double n, double most, size_t sites) {
    return fmin(1.6 + 7 / sqrt((double)sites), 3) * sqrt(n / most);
}

/* Longer labels are cut, not within a character of UTF-8. */
static int title_length(const char *policy) {
    int n = (int)strnlen(policy, LONG_LABEL);
    while (n > 0 && ((unsigned char)policy[n] & 0xC0) == 0x80) n--;
    return n;
}

static void write_discs(FILE *out, const char *policy, double most, size_t sites, double height) {
    char title[64 + LONG_LABEL];
    const char *const texts[] = {title};
    int length = title_length(policy);
    snprintf(title, sizeof title, "requests answered at the site, under %.*s%s", length, policy,
             policy[length] ? "..." : "");
    fprintf(out, "size(n) = %g*sqrt(n)\n", disc_size(1, most, sites));
    plot_texts(out, "shown", &policy, 1);
    plot_texts(out, "titles", texts, 1);
    fprintf(out, "set label titles[1] at screen 0.5,%.4f center textcolor rgb ink\n", TITLE_AT / height);
    fputs("disc(c) = strcol('kind') eq 'site' && strcol('policy') eq shown[1] && "
          "column('answered') > 0 ? column(c) : NaN\n"
          "idle(c) = strcol('kind') eq 'site' && strcol('policy') eq shown[1] && "
          "column('answered') == 0 ? column(c) : NaN\n",
          out);
}

static const char
    DISCS[] = ", \\\n    data using (disc('longitude')):(disc('latitude')):(size(column('answered'))) "
              "with points pt 7 ps variable lc rgb '#70bb5566', \\\n"
              "    data using (disc('longitude')):(disc('latitude')):(size(column('answered'))) "
              "with points pt 6 ps variable lc rgb edge_color lw 0.6, \\\n"
              "    data using (idle('longitude')):(idle('latitude')) with points pt 2 ps 0.35 lw 0.8 lc rgb ink";

static void write_plot(FILE *out, bool apart, size_t phones) {
    fputs("is(k, c) = strcol('kind') eq k ? column(c) : NaN\nplot ", out);
    if (apart)
        fputs("data using (is('cell', 'longitude')):(is('cell', 'latitude')):"
              "(column('site_longitude')-column('longitude')):(column('site_latitude')-column('latitude')) "
              "with vectors nohead lc rgb '#999999' lw 0.6, \\\n    "
              "data using (is('cell', 'longitude')):(is('cell', 'latitude')) with points pt 4 ps 0.35 lw 0.6 lc rgb "
              "'#777777', \\\n    ",
              out);
    fprintf(out,
            "data using (is('phone', 'longitude')):(is('phone', 'latitude')) with points pt 7 ps %g lw 0.2 lc rgb "
            "'#40ddaa33'",
            phones > MANY_PHONES ? 0.14 : 0.25);
}

/* ---- Legend: gnuplot's own key has other widths in every format, so the entries are labels with points ---- */

typedef struct entry {
    char text[32];
    int type; /* of gnuplot's points */
    double size;
    const char *color;
} entry;

/* Beside each other, each in an equal part of the map's width. */
static void write_entries(FILE *out, const entry *entries, size_t count, double height) {
    for (size_t i = 0; i < count; i++) {
        double at = (LEFT + map_width() * ((double)i + 0.25) / (double)count) / PLOT_COLUMN;
        fprintf(out,
                "set label '%s' at screen %.4f,%.4f left textcolor rgb ink point pt %d ps %g lc rgb %s "
                "offset character 1.6,0\n",
                entries[i].text, at, ENTRIES_AT / height, entries[i].type, entries[i].size, entries[i].color);
    }
}

/* Discs of a round number and of a quarter of it say what an area means. */
static size_t add_discs(entry *into, double most, size_t sites) {
    double large = round_down(most), small = round_down(large / 4);
    size_t n = 0;
    if (small >= 1) into[n++] = (entry){"", 7, disc_size(small, most, sites), "'#70bb5566'"};
    if (n) snprintf(into[0].text, sizeof into[0].text, "%.9g", small);
    into[n] = (entry){"", 7, disc_size(large, most, sites), "'#70bb5566'"};
    snprintf(into[n].text, sizeof into[n].text, "%.9g", large);
    return n + 1;
}

static void write_legend(FILE *out, const fleet *f, bool phones, bool apart, double most, bool idle, double height) {
    entry entries[5];
    size_t n = 0;
    if (phones) entries[n++] = (entry){"phone", 7, 0.3, "phone_color"};
    if (apart) entries[n++] = (entry){"cell", 4, 0.35, "'#777777'"};
    if (most > 0 && idle) entries[n++] = (entry){"none", 2, 0.35, "ink"};
    if (most > 0)
        n += add_discs(entries + n, most, f->site_count);
    else
        entries[n++] = (entry){"edge site", 7, 0.8, "edge_color"};
    write_entries(out, entries, n, height);
}

bool write_fleet_map(task *t) {
    const fleet *f = &t->f->places;
    FILE *out = t->p.script;
    size_t shown = f->answered ? busiest_policy(t->f) : 0, kinds[FLEET_KINDS] = {0};
    double most = 0, least = INFINITY;
    for (size_t i = 0; f->answered && i < f->site_count; i++) {
        most = fmax(most, f->answered[shown * f->site_count + i]);
        least = fmin(least, f->answered[shown * f->site_count + i]);
    }
    for (size_t i = 0; i < f->count; i++) kinds[f->points[i].kind]++;
    frame a = frame_of(f);
    fputs("kind\tname\tlatitude\tlongitude\tsite_latitude\tsite_longitude\tpolicy\tanswered\n", t->p.data);
    write_sites(t);
    bool apart = write_others(t);
    double height = fleet_map_height(t->f);
    write_frame(out, &a, height);
    if (most > 0) write_discs(out, t->names[shown], most, f->site_count, height);
    write_legend(out, f, kinds[FLEET_PHONE], apart, most, least == 0, height);
    write_plot(out, apart, kinds[FLEET_PHONE]);
    fputs(most > 0 ? DISCS
                   : ", \\\n    data using (is('site', 'longitude')):(is('site', 'latitude')) with points pt 7 ps 0.8 "
                     "lc rgb edge_color",
          out);
    putc('\n', out);
    return true;
}
