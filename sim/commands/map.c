/* portolan map: the cartography of a training run, or of others' dynamics. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "commands.h"
#include "map_files.h"

enum { KEY_OUT = 0x200, KEY_DYNAMICS, KEY_MAP, KEY_NO_REMOTE, KEY_NO_PICTURE, KEY_FIELDS = 0x300, MAX_FIELDS = 32 };

/* Thresholds of maps without a router, where none are given; ours. */
static const double PLAIN_ALPHA = 0.5, PLAIN_BETA = 0.2;

typedef struct map_arguments {
    common_options common;
    const char *folder, *out, *dynamics, *map;
    unsigned threads;
    bool no_picture;
    yaml_node keys[MAX_FIELDS], values[MAX_FIELDS], *items[2 * MAX_FIELDS]; /* the settings given, as a map of YAML */
    size_t given;
    char names[MAX_FIELDS][32];
} map_arguments;

/* ---- Options: one a key of MAP_FIELDS ---- */

static void give(map_arguments *a, const char *key, const char *name, const char *value, struct argp_state *state) {
    if (a->given == MAX_FIELDS) argp_error(state, "too many options");
    text_mark mark = {name, 1, 1};
    a->keys[a->given] = (yaml_node){.kind = YAML_SCALAR, .mark = mark, .text = key, .plain = true};
    a->values[a->given] = (yaml_node){.kind = YAML_SCALAR, .mark = mark, .text = value, .plain = true};
    a->items[2 * a->given] = &a->keys[a->given];
    a->items[2 * a->given + 1] = &a->values[a->given];
    a->given++;
}

static const char *option_name(char into[32], const char *key) {
    snprintf(into, 32, "--%s", key);
    for (char *c = into; *c; c++)
        if (*c == '_') *c = '-';
    return into + 2;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    map_arguments *a = state->input;
    char name[32];
    if (key >= KEY_FIELDS && key < KEY_FIELDS + MAX_FIELDS) {
        const char *field = MAP_FIELDS[key - KEY_FIELDS].key;
        for (size_t i = 0; i < a->given; i++)
            if (strcmp(a->keys[i].text, field) == 0) argp_error(state, "--%s is given twice", option_name(name, field));
        option_name(a->names[key - KEY_FIELDS], field);
        give(a, field, a->names[key - KEY_FIELDS], argument, state);
        return 0;
    }
    switch (key) {
    case KEY_OUT: a->out = argument; return 0;
    case KEY_DYNAMICS: a->dynamics = argument; return 0;
    case KEY_MAP: a->map = argument; return 0;
    case KEY_NO_REMOTE: give(a, "remote_compute", "--no-remote-compute", "no", state); return 0;
    case KEY_NO_PICTURE: a->no_picture = true; return 0;
    case 'j': a->threads = parse_jobs(argument, state); return 0;
    case ARGP_KEY_ARG:
        if (a->folder) argp_error(state, "one training run at a time; '%s' is one too many", argument);
        a->folder = argument;
        return 0;
    case ARGP_KEY_END:
        if ((a->folder != NULL) + (a->dynamics != NULL) + (a->map != NULL) != 1)
            argp_error(state, "give the folder of a training run, or --dynamics, or --map");
        if (!a->folder && !a->out) argp_error(state, "--out is needed with --dynamics and --map");
        return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp_option FIXED_OPTIONS[] = {
    {"out", KEY_OUT, "DIR", 0, "Where the files go (default: the folder of the run)", 0},
    {"jobs", 'j', "N", 0, "Threads (default: one for each processor)", 0},
    {"dynamics", KEY_DYNAMICS, "FOLDER", 0,
     "Instead of a run: the dynamics_epoch_N.jsonl of others; map only, no router", 0},
    {"map", KEY_MAP, "FILE.jsonl", 0, "Instead of a run: a published data map (unpacked); map only, no router", 0},
    {"no-picture", KEY_NO_PICTURE, 0, 0, "Do not draw the data map, which takes a few seconds", 0},
    {"no-remote-compute", KEY_NO_REMOTE, 0, 0, "The same as --remote-compute no", 0},
};
enum { FIXED_COUNT = sizeof FIXED_OPTIONS / sizeof *FIXED_OPTIONS };

/* The table of options, built from the table of settings. */
static void build_options(struct argp_option options[FIXED_COUNT + MAX_FIELDS + 1], char names[MAX_FIELDS][32]) {
    memset(options, 0, (FIXED_COUNT + MAX_FIELDS + 1) * sizeof *options);
    memcpy(options, FIXED_OPTIONS, sizeof FIXED_OPTIONS);
    for (int i = 0; MAP_FIELDS[i].key; i++)
        options[FIXED_COUNT + i] = (struct argp_option){
            option_name(names[i], MAP_FIELDS[i].key), KEY_FIELDS + i, "VALUE", 0, MAP_FIELDS[i].doc, 1};
}

static bool read_settings(map_arguments *a, map_settings *s, portolan_error *err) {
    yaml_node given = {.kind = YAML_MAP, .mark = {"portolan map", 1, 1}, .count = a->given, .items = a->items};
    *s = (map_settings){.alpha = NAN, .beta = NAN, .threshold = NAN};
    if (!yaml_read(&given, "portolan map", MAP_FIELDS, s, err)) return false;
    bool nearest = s->assignment == ASSIGN_NEAREST_MEAN;
    if (s->method == METHOD_EXIT_POOLS && (!isnan(s->alpha) || !isnan(s->beta) || !nearest))
        return error_usage(err, "exit-pools has neither --alpha, --beta nor --assignment %s; it has --threshold",
                           ASSIGNMENTS[nearest ? ASSIGN_LOGISTIC : s->assignment]);
    if (s->prototypes && !nearest)
        return error_usage(err, "--prototypes belongs to --assignment nearest-mean; %s has none",
                           ASSIGNMENTS[s->assignment]);
    if (s->clusters && s->assignment != ASSIGN_MIXTURE)
        return error_usage(err, "--clusters belongs to --assignment mixture; %s has none", ASSIGNMENTS[s->assignment]);
    if (s->method == METHOD_CARTOGRAPHY && !isnan(s->threshold))
        return error_usage(err, "--threshold belongs to --method exit-pools; cartography has --alpha and --beta");
    return true;
}

/* The picture; without gnuplot there are its data and script to draw it from. */
static bool draw(const map_arguments *a, const data_map *map, double alpha, double beta, const char *out,
                 portolan_error *err) {
    bool drawn;
    if (a->no_picture) return true;
    if (!data_map_draw(map, alpha, beta, out, &drawn, err)) return false;
    if (!drawn && !a->common.quiet)
        fprintf(stderr, "portolan: gnuplot is not installed; %s/data_map.gp draws the map where it is\n", out);
    return true;
}

static bool open_folder(const char *out, folder_lock *lock, portolan_error *err) {
    return folder_make(out, err) && lock_take(lock, out, "map", "writing a map", err);
}

/* ---- A run ---- */

static int map_run(const map_arguments *a, const map_settings *s, portolan_error *err) {
    const char *out = a->out ? a->out : a->folder;
    progress bar = progress_start(a->common.quiet);
    mapping m;
    size_t bytes = 0;
    bool ok = mapping_make(&m, s, a->folder, a->threads ? a->threads : processors(), &bar, err);
    progress_end(&bar);
    if (!ok) return fail(err);
    double alpha = m.router.thresholds[0], beta = s->method == METHOD_EXIT_POOLS ? -alpha : m.router.thresholds[1];
    folder_lock lock = {0};
    ok = open_folder(out, &lock, err) && map_write_points(&m.map, s->method, alpha, beta, out, err) &&
         map_write_findings(&m, out, &bytes, err) &&
         (s->method == METHOD_EXIT_POOLS || draw(a, &m.map, alpha, beta, out, err));
    lock_release(&lock);
    int status = STATUS_OK;
    if (!ok)
        status = fail(err);
    else if (a->common.json)
        status = print_json(map_json(&m));
    else if (!a->common.quiet)
        map_print_page(&m, bytes, stdout);
    mapping_free(&m);
    return status;
}

/* ---- A map alone ---- */

static bool load_plain(const map_arguments *a, const map_settings *s, data_map *map, training_dynamics *d,
                       portolan_error *err) {
    if (a->map) return data_map_load(map, a->map, err);
    return dynamics_load(d, a->dynamics, (uint32_t)s->epochs, err) && data_map_compute(map, d, err);
}

static int show_plain(const map_arguments *a, const data_map *map, double alpha, double beta) {
    uint32_t counts[POOLS] = {0};
    for (uint32_t i = 0; i < map->samples; i++) counts[pool_at(map->confidence[i], map->variability[i], alpha, beta)]++;
    if (a->common.json)
        return print_json(json_pack("{s:i, s:i, s:f, s:f, s:i, s:i, s:i}", "samples", (int)map->samples, "epochs",
                                    (int)map->epochs, "alpha", alpha, "beta", beta, "easy", (int)counts[POOL_EASY],
                                    "medium", (int)counts[POOL_MEDIUM], "hard", (int)counts[POOL_HARD]));
    if (!a->common.quiet)
        printf("%u samples; at alpha %.6g, beta %.6g: %u easy, %u medium, %u hard\n", map->samples, alpha, beta,
               counts[POOL_EASY], counts[POOL_MEDIUM], counts[POOL_HARD]);
    return STATUS_OK;
}

static int map_plain(const map_arguments *a, const map_settings *s, portolan_error *err) {
    data_map map = {0};
    training_dynamics d = {0};
    double alpha = isnan(s->alpha) ? PLAIN_ALPHA : s->alpha, beta = isnan(s->beta) ? PLAIN_BETA : s->beta;
    folder_lock lock = {0};
    bool ok = load_plain(a, s, &map, &d, err) && open_folder(a->out, &lock, err) &&
              map_write_points(&map, METHOD_CARTOGRAPHY, alpha, beta, a->out, err) &&
              draw(a, &map, alpha, beta, a->out, err);
    lock_release(&lock);
    int status = ok ? show_plain(a, &map, alpha, beta) : fail(err);
    data_map_free(&map);
    dynamics_free(&d);
    return status;
}

int command_map(int argc, char **argv) {
    static map_arguments a;
    static char names[MAX_FIELDS][32];
    struct argp_option options[FIXED_COUNT + MAX_FIELDS + 1];
    build_options(options, names);
    const struct argp argp = {
        options,
        parse,
        "DIR",
        "Maps the samples of a training run by how hard they are, chooses the thresholds that make the "
        "best router, and writes router.json, map.csv, map.json, map.md, surface.csv and the picture data_map.",
        COMMON_ARGP,
        NULL,
        NULL};
    parse_arguments(&argp, argc, argv, &a);
    portolan_error err = {0};
    map_settings s;
    if (!read_settings(&a, &s, &err)) return fail(&err);
    return a.folder ? map_run(&a, &s, &err) : map_plain(&a, &s, &err);
}
