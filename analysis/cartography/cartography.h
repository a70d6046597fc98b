/* How hard is each sample? Data cartography (Swayamdipta et al., EMNLP 2020) of a training run, its pools, and the
 * thresholds that make the best router of them (DIMEC-DC, arXiv 2412.16616; DIMEE, arXiv 2410.05338). */
#ifndef PORTOLAN_CARTOGRAPHY_H
#define PORTOLAN_CARTOGRAPHY_H

#include "router.h"

/* ---- Training dynamics (dynamics.c) ---- */

/* What one exit said of the true class of each sample after every epoch. */
typedef struct training_dynamics {
    arena memory;
    uint32_t samples, epochs, classes, room;
    const char **guids; /* [samples] in the order of the first epoch's file */
    uint32_t *gold;     /* [samples] */
    double *right;      /* [samples][room] softmax probability of the true class; `epochs` of them are filled */
    uint8_t *correct;   /* [samples][room] whether the true class had the largest logit (the first of equals) */
    uint32_t *order;    /* [samples] by guid */
} training_dynamics;

/* Reads dynamics_epoch_0.jsonl, dynamics_epoch_1.jsonl, ... of a folder, the first `epochs` of them (0: all there are), in
 * the form of the published cartography tool: a line {"guid": text or number, "logits_epoch_N": [...], "gold": class} a
 * sample, in any order, the same samples in each file. On failure `d` is left empty. */
bool dynamics_load(training_dynamics *d, const char *folder, uint32_t epochs, portolan_error *err);

/* Room for `epochs` epochs, then an epoch after the other; `name` stands for the file in messages. */
bool dynamics_open(training_dynamics *d, uint32_t epochs, portolan_error *err);
bool dynamics_add_epoch(training_dynamics *d, const char *name, const char *text, size_t length, portolan_error *err);
void dynamics_free(training_dynamics *d);

/* ---- The map (data_map.c) ---- */

/* A point a sample. With p_e the probability of the true class after epoch e of E: confidence = 1/E sum p_e,
 * variability = sqrt(1/E sum (p_e - confidence)^2), correctness = the number of epochs in which it was predicted. */
typedef struct data_map {
    arena memory;
    uint32_t samples, epochs;
    const char **guids;               /* [samples] */
    double *confidence, *variability; /* [samples] */
    uint32_t *correctness;            /* [samples] */
} data_map;

/* The map of training dynamics, which it outlives. On failure `m` is left empty. */
bool data_map_compute(data_map *m, const training_dynamics *d, portolan_error *err);

/* A published map: JSONL with a line {"guid" (or "index"), "confidence", "variability", "correctness"} a sample. `epochs` is
 * then the largest correctness. */
bool data_map_load(data_map *m, const char *path, portolan_error *err);
bool data_map_parse(data_map *m, const char *name, const char *text, size_t length, portolan_error *err);
void data_map_free(data_map *m);

/* Easy: confidence >= alpha and variability <= beta; medium: confidence >= alpha and variability > beta; hard: else. */
static inline pool_kind pool_at(double confidence, double variability, double alpha, double beta) {
    if (!(confidence >= alpha)) return POOL_HARD;
    return variability <= beta ? POOL_EASY : POOL_MEDIUM;
}

/* ---- What a tier's answer is worth (evaluation.c) ---- */

typedef enum gain_kind { GAIN_CORRECT, GAIN_TRUE_LABEL, GAIN_MAX_SOFTMAX } gain_kind;
extern const char *const GAINS[]; /* "correct", "true_label", "max_softmax", NULL */

/* C of one exit's answer: 1 if it is right, else 0; the probability of the label; or the confidence. `probabilities` are
 * needed for true_label alone. */
double exit_gain(int kind, uint32_t prediction, double confidence, const double *probabilities, uint32_t label);

/* Samples on which routers are evaluated: what the last exit of each tier makes of each. */
typedef struct evaluation_set {
    uint32_t samples, size;
    double *v;             /* [samples][size]; owned, as what follows */
    double (*gain)[POOLS]; /* C of each tier's last exit */
    bool (*right)[POOLS];
    double *phone_confidence; /* max softmax of the phone's exit */
    uint32_t *tokens;
} evaluation_set;

/* What is asked of the samples. */
typedef struct evaluation_terms {
    const uint32_t *depth; /* [POOLS] the tiers' exits are those after so many layers */
    int gain;              /* GAIN_... */
    int representation;    /* of v, a router's */
    uint32_t size;
} evaluation_terms;

/* Of the samples of a set whose outcomes are in `t`. */
bool evaluation_set_open(evaluation_set *on, const encoder *e, const token_set *set, const outcome_table *t,
                         const evaluation_terms *terms, portolan_error *err);
void evaluation_set_close(evaluation_set *on);

/* The prices under which routers are evaluated. */
typedef struct prices {
    double cost[POOLS]; /* K: of sending a request straight to each tier */
    double mu_cost;     /* weight of the cost in the reward C - mu_cost K */
} prices;

/* What a way of routing gives over all samples of a set; NaN without samples. */
typedef struct evaluation {
    double reward, accuracy; /* means of C - mu_cost K, and of right answers */
    double drop;             /* points: 100 (accuracy of the cloud's exit - accuracy) */
    double cost, saving;     /* mean K; 1 - that / K of the cloud */
    double shares[POOLS];
} evaluation;

/* What comes of sending sample i to tier to[i]. */
evaluation evaluation_of(const evaluation_set *on, const uint8_t *to, const prices *p);

/* The cheapest tier that is right about sample i, the phone if none is. */
pool_kind evaluation_oracle(const evaluation_set *on, uint32_t sample, const prices *p);

/* ---- Choosing a router (search.c, price_search.c) ---- */

typedef enum objective { OBJECTIVE_REWARD, OBJECTIVE_MAX_SAVING } objective;
extern const char *const OBJECTIVES[]; /* "reward", "max_saving", NULL */

typedef struct search_settings {
    int objective;
    double drop;     /* max_saving: the largest drop, in points */
    double fixed[2]; /* thresholds that are given; NaN: searched */
    prices prices;
} search_settings;

/* A point of the surface: thresholds (alpha, beta; or confidence; or the price of cost), and what they give. */
typedef struct surface_point {
    double thresholds[2];
    evaluation gives;
} surface_point;

typedef struct surface {
    surface_point *points; /* owned */
    size_t count;
    size_t chosen;
    bool satisfied; /* max_saving: whether a point other than sending everything to the cloud keeps to the drop */
} surface;

void surface_free(surface *s);

/* Sets `chosen` and `satisfied`: the largest reward; or the largest saving within the drop, the more accurate of equals. */
void surface_choose(surface *found, const search_settings *s);

/* The fitting samples: their coordinates on the map and their v. For METHOD_EXIT_POOLS the coordinates are the largest
 * confidence of any exit up to the edge's layers, and minus that of any exit up to the phone's: with alpha = t and
 * beta = -t, pool_at then is "leaves the model on the phone, on the edge, or later, at threshold t". */
typedef struct fitting {
    uint32_t samples, size;
    const double *confidence, *variability; /* [samples] */
    const double *v;                        /* [samples][size] */
    uint64_t seed;                          /* of the draws of k-means++ */
} fitting;

/* Makes `r->rows`, `samples` and `stands` from the pools at (alpha, beta): the mean v of each, or, if r->count is above 1, the
 * centres that k-means finds among at most 5,000 samples of each, evenly spaced. */
bool router_fit(router *r, const fitting *f, double alpha, double beta, portolan_error *err);

/* Tries thresholds (quantiles of the coordinates, and the extremes at which pools are empty), assigns the held-out samples to
 * the nearest mean of the pools that each gives, and leaves the router with the best. `r` says method, representation,
 * distance, size and count; with several prototypes a pool, fewer quantiles are tried. With both thresholds fixed, or without held-out samples, nothing is searched. */
bool router_search(router *r, const fitting *f, const evaluation_set *held, const search_settings *s, surface *found,
                   portolan_error *err);

/* Values: what is expected of each tier for each held-out sample, [samples], cross-fitted over five folds (sample i is of fold
 * i mod 5).
 *
 * ASSIGN_LOGISTIC (ours; logistic_router.c): P(exit of tier k is right | v), one regression a tier. */
bool router_fit_logistic(router *r, const evaluation_set *held, double (*value)[POOLS], portolan_error *err);

/* ASSIGN_MIXTURE (ours; mixture_router.c): a mixture of r->count Gaussians of the fitting samples' v, and what each tier
 * gains on the held-out samples in each cluster. */
bool router_fit_mixture(router *r, const fitting *f, const evaluation_set *held, double (*value)[POOLS],
                        portolan_error *err);

/* Searches the price w of cost in the penalties w K_k; for OBJECTIVE_REWARD w is mu_cost. Where no price keeps to the drop,
 * everything goes to the cloud. Sets penalties, stands and thresholds. */
bool router_search_price(router *r, const evaluation_set *held, double (*value)[POOLS], const search_settings *s,
                         surface *found, portolan_error *err);

/* The tiers of largest value less penalty. */
void router_assign_values(const router *r, double (*value)[POOLS], uint32_t samples, uint8_t *to);

/* ---- Logistic regression (logistic.c) ---- */

/* What a regression is fitted to. */
typedef struct logistic_data {
    const double *x; /* [samples][size] */
    const bool *y;   /* [samples] */
    uint32_t samples, size;
    const bool *use; /* [samples] only those are looked at; NULL: all */
} logistic_data;

/* Weights [size] and bias that minimise the negative log-likelihood of y given x, plus half the squared norm of the weights
 * in units of standardised x (as scikit-learn's C = 1 does on standardised features). Newton's method from zero: no chance in
 * it. */
bool logistic_fit(const logistic_data *data, double *weights, double *bias, portolan_error *err);

/* The estimated probability. */
double logistic_probability(const double *weights, double bias, const double *x, uint32_t size);

/* Estimates of each sample by a regression that has not seen its fold; sample i is of fold i mod 5. */
bool logistic_cross_fit(const logistic_data *data, double *probabilities, portolan_error *err);

#endif
