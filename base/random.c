/* xoshiro256**, seeded through SplitMix64 from a hash of (seed, purpose, index); draws of common distributions. */
#include "random.h"

#include <math.h>

#include "elementary.h"

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

random_stream random_open(uint64_t seed, const char *purpose, uint64_t index) {
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a over the purpose */
    for (; *purpose; purpose++) hash = (hash ^ (unsigned char)*purpose) * 0x100000001b3u;
    /* Each part goes through SplitMix64 before the next is mixed in, so that (1, 2) and (2, 1) differ. */
    uint64_t state = seed;
    state = splitmix(&state) ^ hash;
    state = splitmix(&state) ^ index;
    random_stream s;
    for (int i = 0; i < 4; i++) s.state[i] = splitmix(&state);
    return s;
}

static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

uint64_t random_bits(random_stream *stream) {
    uint64_t *s = stream->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double random_uniform(random_stream *s) { return (double)(random_bits(s) >> 11) * 0x1p-53; }

uint64_t random_below(random_stream *s, uint64_t n) {
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)random_bits(s) * n;
    if ((uint64_t)product < n) {
        uint64_t threshold = (0 - n) % n;
        while ((uint64_t)product < threshold) product = (wide)random_bits(s) * n;
    }
    return (uint64_t)(product >> 64);
}

double random_exponential(random_stream *s) { return -portable_log(1 - random_uniform(s)); }

double random_normal(random_stream *s) {
    double u, v, square;
    do {
        u = 2 * random_uniform(s) - 1;
        v = 2 * random_uniform(s) - 1;
        square = u * u + v * v;
    } while (square >= 1 || square == 0);
    return u * sqrt(-2 * portable_log(square) / square);
}

void random_shuffle(random_stream *s, uint32_t *items, uint64_t n) {
    for (uint64_t i = n; i > 1; i--) {
        uint64_t j = random_below(s, i);
        uint32_t held = items[i - 1];
        items[i - 1] = items[j];
        items[j] = held;
    }
}

static double draw_unbounded(const distribution *d, random_stream *s) {
    switch (d->kind) {
    case DIST_CONSTANT: return d->a;
    case DIST_UNIFORM: return d->a + (d->b - d->a) * random_uniform(s);
    case DIST_NORMAL: return d->a + d->b * random_normal(s);
    case DIST_LOGNORMAL: return d->a * portable_exp(d->b * random_normal(s));
    case DIST_EXPONENTIAL: return d->a * random_exponential(s);
    }
    return d->a;
}

double distribution_draw(const distribution *d, random_stream *s) {
    double x = draw_unbounded(d, s);
    return x < d->least ? d->least : x > d->most ? d->most : x;
}
