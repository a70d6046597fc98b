/* Seeded random numbers: one independent stream for each purpose and index, the same bits on every machine. */
#ifndef PORTOLAN_BASE_RANDOM_H
#define PORTOLAN_BASE_RANDOM_H

#include <stdint.h>

/* A stream of xoshiro256** (Blackman and Vigna, ACM TOMS 47:36, 2021). Plain data: copy it to fork it. */
typedef struct random_stream {
    uint64_t state[4];
} random_stream;

/* The stream of `purpose` ("arrivals", "samples", ...) number `index` under `seed`. Distinct arguments give
 * streams that share nothing but the seed, so drawing more from one never shifts another. */
random_stream random_open(uint64_t seed, const char *purpose, uint64_t index);

uint64_t random_bits(random_stream *s);

/* Uniform in [0, 1), a multiple of 2^-53. */
double random_uniform(random_stream *s);

/* Uniform in 0 .. n-1, without bias (Lemire 2019); n > 0. */
uint64_t random_below(random_stream *s, uint64_t n);

/* Exponential of mean 1, by inversion. */
double random_exponential(random_stream *s);

/* Normal of mean 0 and variance 1, by Marsaglia's polar method (two uniforms or more a draw, none kept back). */
double random_normal(random_stream *s);

/* Fisher-Yates: every order of items[0 .. n-1] is equally likely. */
void random_shuffle(random_stream *s, uint32_t *items, uint64_t n);

typedef enum distribution_kind {
    DIST_CONSTANT,    /* a: the value */
    DIST_UNIFORM,     /* a, b: least and largest */
    DIST_NORMAL,      /* a: mean, b: standard deviation */
    DIST_LOGNORMAL,   /* a: median, b: sigma of the logarithm */
    DIST_EXPONENTIAL, /* a: mean */
} distribution_kind;

/* A distribution of one number, with bounds to which every draw is clipped. */
typedef struct distribution {
    distribution_kind kind;
    double a, b;
    double least, most;
} distribution;

double distribution_draw(const distribution *d, random_stream *s);

#endif
