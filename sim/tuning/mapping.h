/* The cartography of a training run, from its folder to a router and to what can be said of it. Internal to sim/. */
#ifndef PORTOLAN_MAPPING_H
#define PORTOLAN_MAPPING_H

#include "analysis/cartography/cartography.h"
#include "base/progress.h"
#include "sim/scenario/training_setup.h"
#include "sim/sim.h"

/* The options of `portolan map`: --KEY for each key of the table, with - for _. */
typedef struct map_settings {
    int method, assignment, representation, metric, reward, objective;
    uint64_t exit, epochs;         /* 0: the last recorded exit; all epochs */
    uint64_t prototypes, clusters; /* 0: not given */
    uint64_t seed;                 /* of the draws of k-means++ */
    double alpha, beta, threshold; /* NaN: searched */
    double drop, mu_cost;
    cost_settings cost;
    const char *split; /* "3,6,12"; NULL: 3, 6 and all layers */
} map_settings;

extern const yaml_field MAP_FIELDS[];

/* "Is it the map or the length?": how well a score tells the samples about which the phone's exit is right. */
typedef struct auc_row {
    char score[80];
    double held, dev; /* NaN where undefined */
} auc_row;

enum { AUC_ROWS = REPRESENTATION_COUNT + 4 };

typedef struct mapping {
    map_settings s;
    uint32_t depth[POOLS];
    uint32_t exit; /* whose dynamics map the samples */
    prices prices;
    training_setup setup; /* its sets: train (the fitting samples), held_out, dev */
    encoder *model;
    training_dynamics dynamics;
    data_map map; /* a point a fitting sample; for exit pools, see `fitting` */
    outcome_table held_answers, dev_answers;
    router router;
    surface found;
    evaluation_set held_set, dev_set;
    uint8_t *held_to, *dev_to; /* pools they are assigned to */
    evaluation held_result, dev_result;
    auc_row auc[AUC_ROWS];
    size_t auc_count;
} mapping;

/* Maps the run in `folder` (what `portolan train` left there). `bar` shows how far it is. On failure `m` is left empty. */
bool mapping_make(mapping *m, const map_settings *s, const char *folder, unsigned threads, progress *bar,
                  portolan_error *err);
void mapping_free(mapping *m);

/* mapping_auc.c: fills m->auc. `f` are the fitting samples, with the router's v. */
bool mapping_compare_scores(mapping *m, const search_settings *search, portolan_error *err);

#endif
