/* What the phone carries to route a request: how v(x) is made of the embedding layer's output, and which pool it belongs
 * to. Made by cartography.h, kept in router.json, used by the policies of sim/. */
#ifndef PORTOLAN_ROUTER_H
#define PORTOLAN_ROUTER_H

#include "base/json.h"
#include "clusters.h"
#include "model/model.h"

/* Pool k is answered by tier k: easy by the phone, medium by the edge, hard by the cloud. */
typedef enum pool_kind { POOL_EASY, POOL_MEDIUM, POOL_HARD, POOLS } pool_kind;
extern const char *const POOL_NAMES[]; /* "easy", "medium", "hard", NULL */

/* What v(x) is: the L2 norm of each token's embedding, over the padded length (zero behind the last token); the mean of
 * the tokens' embeddings; or the first token's. */
typedef enum representation_kind { V_TOKEN_NORMS, V_MEAN_TOKEN, V_CLS, REPRESENTATION_COUNT } representation_kind;
extern const char *const REPRESENTATIONS[]; /* "token_norms", "mean_token", "cls", NULL */

typedef enum distance_kind { DISTANCE_L2, DISTANCE_COSINE } distance_kind;
extern const char *const DISTANCES[]; /* "l2", "cosine", NULL */

/* How the pools were made: of training dynamics (DIMEC-DC, arXiv 2412.16616), or of the layer at which samples leave the
 * model (DIMEE, arXiv 2410.05338). */
typedef enum map_method { METHOD_CARTOGRAPHY, METHOD_EXIT_POOLS } map_method;
extern const char *const MAP_METHODS[]; /* "cartography", "exit-pools", NULL */

/* nearest-mean: the pool whose mean is nearest (the papers'), or of whose several prototypes one is. logistic (ours): the
 * tier of largest P(its exit is right | v) - penalty, one logistic regression a tier. mixture (ours): the tier of largest
 * expected gain less penalty, the mean over clusters of v of what the tier's exit gains in each. */
typedef enum assignment_kind { ASSIGN_NEAREST_MEAN, ASSIGN_LOGISTIC, ASSIGN_MIXTURE } assignment_kind;
extern const char *const ASSIGNMENTS[]; /* "nearest-mean", "logistic", "mixture", NULL */

enum { ROUTER_MOST_ROWS = 256 };

typedef struct router {
    int method, assignment, representation, distance; /* of the enumerations above */
    uint32_t size;                                    /* of v */
    uint32_t depth[POOLS];                            /* layers of the tiers it was made for */
    char embedding[65];      /* hash of the embedding layer that v is made by (encoder_embedding_hash) */
    double thresholds[2];    /* that made the pools: alpha and beta; exit-pools: confidence and NaN; logistic: NaN */
    uint64_t samples[POOLS]; /* fitting samples of each pool */
    uint32_t count;          /* nearest-mean: prototypes of a pool at most; mixture: clusters; logistic: 1 */
    uint32_t stands[POOLS];  /* prototypes that stand for each pool, else 1; 0: the pool is dropped */
    double bias[POOLS];      /* logistic only */
    double penalty[POOLS];   /* logistic and mixture */
    float *
        rows; /* nearest-mean, logistic: [POOLS][count][size]; mixture: means and variances [count][size], weights [count],
                  * gains [count][POOLS]; owned */
} router;

/* How many numbers there are in `rows`. */
size_t router_numbers(const router *r);

/* Prototype i of pool k, or the weights of its regression (i = 0); [size]. */
static inline float *router_row(const router *r, int k, uint32_t i) {
    return r->rows + ((size_t)k * r->count + i) * r->size;
}

/* The clusters of a mixture, within the router's rows, and what each tier gains in them, [count][POOLS]. */
mixture router_mixture(const router *r);
float *router_gains(const router *r);

/* Size of v for a model of width `hidden`; token norms have one element a token of the longest sample. */
uint32_t representation_size(int representation, uint32_t hidden, uint32_t longest);

/* v [size] of one sequence from the embedding layer's output [tokens][h]. Norms behind `size` tokens are left out: the
 * means are zero there, so they would add the same to every distance. */
void represent(int representation, const float *embedded, uint32_t tokens, uint32_t h, uint32_t size, double *v);

/* v of every sample of a set, into v [samples][size]. */
bool represent_set(const encoder *e, const token_set *set, int representation, uint32_t size, double *v,
                   portolan_error *err);

/* FLOP of v and of its comparison with the rows: 2 s h + 2 size a row, of which there are three with one mean a pool; a cluster
 * of a mixture counts as two rows, for mean and variance. */
double router_flops(const router *r, uint64_t tokens, uint64_t hidden);

/* Makes room for the rows that assignment, count and size ask for, zeroed; the rest is left as it is. */
bool router_allocate(router *r, portolan_error *err);
void router_free(router *r);

/* What speaks for each pool, the more the better: minus the distance to its nearest prototype (l2: Euclidean; cosine: 1 -
 * cosine, 1 where one of both is zero), or what is expected of the tier less the penalty. -INFINITY for a pool that was
 * dropped. */
void router_score(const router *r, const double *v, double score[POOLS]);

/* The pool of largest score, the easier one of equals. */
pool_kind router_assign(const router *r, const double *v);

/* How clearly the phone is chosen: its score minus the best other one (with means: the distance to the nearest other mean
 * minus that to the phone's nearest). NaN where that is undefined, because only one pool or not the phone's is there. */
double router_margin(const router *r, const double *v);

/* ---- router.json ---- */

/* Writes the file, `chosen_by` (borrowed, may be NULL) as a note for readers; returns its size in `bytes`. */
bool router_write(const router *r, const json_t *chosen_by, const char *path, size_t *bytes, portolan_error *err);

/* Reads and checks it whole. On failure `r` is left empty. */
bool router_load(router *r, const char *path, portolan_error *err);
bool router_parse(router *r, const char *name, const char *text, size_t length, portolan_error *err);

#endif
