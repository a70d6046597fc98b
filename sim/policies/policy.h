/* A routing policy: what it can be set to, what it needs, what it sees, what it decides.
 *
 * A policy is one file that defines one policy_type; those that come with Portolan are files of sim/policies/ and a line
 * each in the table of policies.c, others are plug-ins: shared objects that a scenario names. For each request it is asked
 * once where to send it (route), and then, on every tier that computes a slice, after each exit whether to answer with it
 * (after_exit). Labels are not part of what it sees; only an oracle gets them.
 *
 * Its functions are called on the main thread and its whole stack. Each run of a policy has a process of its own, so one that
 * crashes ends its own run and no other.
 *
 * This header needs no other of Portolan's: it compiles alone, as C or C++. Sizes, kinds and meanings stay as they are
 * while POLICY_ABI does. */
#ifndef PORTOLAN_POLICY_H
#define PORTOLAN_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POLICY_ABI = 1 };

typedef enum tier { TIER_PHONE, TIER_EDGE, TIER_CLOUD, TIER_COUNT } tier;

/* ---- What a policy sees ---- */

/* What an exit classifier said. */
typedef struct exit_outcome {
    tier at;        /* that computed it */
    uint32_t layer; /* after which it stands, from 1 */
    uint32_t prediction;
    double confidence; /* largest class probability, or what the outcome table says it is */
    uint32_t classes;
    const double *probabilities; /* [classes]; NULL where the outcome table holds only confidences */
} exit_outcome;

/* What the device that decides knows of a tier's place that serves this phone: of itself what is, of others what the newest
 * message said that reached it. Each answer brings the load of the place that sent it, to the phone and to the site that it
 * passes; and the site tells its cells of its own, if the scenario wants it (run: load_report). */
typedef struct tier_load {
    /* Seconds since it was so: 0 for the place that decides; INFINITY where no message has said anything, and then the
     * counts are 0 and `wait` is NAN. */
    double age;
    uint64_t waiting; /* for a core */
    uint64_t busy;    /* cores at work, the one that computed the newest exit included */
    uint64_t cores;
    /* Expected seconds until a core is free for one more, as the place reckons: 0 where one is free, else (waiting + 1) x its
     * mean seconds an execution / cores. */
    double wait;
    double service; /* seconds that this request, sent straight there, would be computed; profiled, so always known */
    double round_trip; /* at the phone: network seconds of its last request there and back; NAN: none yet */
} tier_load;

/* What the phone of the request knows of itself. */
typedef struct device_state {
    double rate_up, rate_down; /* bytes a second that its modem reports: its own bound, or its cell's capacity */
    double battery;            /* level, 0 to 1; NAN: unknown */
    double deadline;           /* simulated seconds at which the answer is due; INFINITY: never */
    uint64_t token_bytes;      /* that sending this request's tokens takes, */
    uint64_t hidden_bytes;     /* and its hidden state, behind whatever layer */
    uint32_t
        radio; /* 0: unknown, or an ideal one; 1: asleep; 2: being promoted; 3: active; 4 to 6: in its tail, at first
                       receiving all the time, then less and less often */
    uint32_t sites; /* edge sites that it can reach */
} device_state;

/* What the device that decides knows at that moment. */
typedef struct observation {
    double now; /* simulated seconds */
    uint64_t request;
    uint32_t phone;
    uint32_t tokens;
    const double *v; /* [v_size] representation by the embedding layer, in `route` of a policy that needs it; or NULL */
    uint32_t v_size;
    const uint32_t *depth;     /* [TIER_COUNT] layers each tier holds: m, n, L */
    const double *tier_cost;   /* [TIER_COUNT] cost of sending the request straight to each tier: K */
    tier at;                   /* the tier that decides */
    const exit_outcome *exits; /* [exit_count] exits evaluated so far, in order; the last one is the newest */
    uint32_t exit_count;
    const tier_load *load;      /* [TIER_COUNT] for a policy that needs it; else NULL */
    const device_state *device; /* for a policy that needs load, on the phone; else NULL */
    /* The request's own memory, 0 at first: what the policy writes here it finds again whenever it is asked about this
     * request, and in its feedback. */
    uint64_t *note;
    void *random; /* the request's own stream of random numbers, the same for every policy; see policy_uniform */
    double (*uniform)(void *random);
} observation;

/* Draws a number, uniform in [0, 1). */
static inline double policy_uniform(const observation *seen) { return seen->uniform(seen->random); }

/* The truth about a sample, for oracles. */
typedef struct truth {
    uint32_t label;
    exit_outcome last_exit[TIER_COUNT]; /* what the last exit of each tier says */
} truth;

/* What became of a request, as its phone knows it when the answer is back, or when it is clear that none will come. */
typedef struct feedback {
    double now;
    uint64_t request;
    uint32_t phone;
    uint32_t tokens;
    bool failed;
    double latency;            /* seconds */
    double joules;             /* of the phone, beyond idle */
    double cost;               /* the paper's kind */
    const exit_outcome *exits; /* [exit_count] all that were evaluated; the last one is the answer, unless it failed */
    uint32_t exit_count;
    bool agreed; /* the answer is the same as that of the newest exit of a lower tier; false where there is none */
    uint64_t note;
} feedback;

/* ---- What it decides ---- */

typedef enum verdict_kind {
    VERDICT_ANSWER,   /* with the newest exit */
    VERDICT_CONTINUE, /* to the next exit on this tier; after the tier's last exit it means answer */
    VERDICT_SEND,     /* to `to`: in `route` any tier, the phone itself included; after an exit a higher one */
} verdict_kind;

typedef struct verdict {
    verdict_kind kind;
    tier to; /* send: where to */
    /* Send, after an exit: the hidden state, so that it goes on behind it; else tokens, from layer 1 again. */
    bool hidden;
    uint32_t site; /* send: which of the edge sites within reach; 0: the phone's own, the only one yet */
    double
        deadline; /* send: simulated seconds by which the answer is wanted there; 0: none, as long as requests have none */
} verdict;

/* Tokens to a tier. */
static inline verdict policy_send(tier to) {
    verdict v = {VERDICT_SEND, to, false, 0, 0};
    return v;
}

/* ---- What it needs ---- */

enum {
    /* v(x) in `route`, of the map that its option of kind OPTION_MAP names: the phone computes it first, and is charged. */
    POLICY_NEEDS_V = 1 << 0,
    /* Every class's probability: an outcome table that holds only confidences is refused. */
    POLICY_NEEDS_PROBABILITIES = 1 << 1,
    /* Every layer's exit is evaluated, not only the last one of each tier. */
    POLICY_NEEDS_EVERY_EXIT = 1 << 2,
    /* `load`. Such a policy is asked when the exit has been computed; of the others a slice's decisions are taken when it
     * begins, so that it can be simulated as one execution. */
    POLICY_NEEDS_LOAD = 1 << 3,
    /* How sure exits are: an outcome table that does not say so of each is refused. */
    POLICY_NEEDS_CONFIDENCE = 1 << 4,
    /* To be told what became of its requests. One with `feedback` needs it, unless its `check` says that it does not. */
    POLICY_NEEDS_FEEDBACK = 1 << 5,
};

/* ---- What it can be set to ---- */

typedef enum option_kind {
    OPTION_NUMBER, /* (double) "0.8", "1/3" */
    OPTION_COUNT,  /* (uint64_t) a whole number */
    OPTION_CHOICE, /* (int) the index of one of `choices` */
    OPTION_POLICY, /* (nothing) the label of another policy of the scenario: this one runs after it, and is told its shares
                      when it is opened. One at most. */
    OPTION_MAP, /* (const struct router *) a file that `portolan map` wrote by `method`; it outlives the policy. Without
                      the option, MODEL.FILE of MODEL.safetensors or FILE beside it, where FILE is `file`; of a policy that does not
                      need v(x), nothing. With it, the policy needs v(x). One at most. */
    OPTION_FILE, /* (const policy_file *) a text file, by its path. One at most. The policy's label is by default its name. */
    OPTION_REST, /* (const char *) all keys that are no other option's, with their values, as a JSON object. One at most; its
                    name is no key. */
} option_kind;

/* Whether `portolan tune` chooses a number or a count, and among which. */
typedef enum option_tuning {
    TUNE_NOT,
    TUNE_RANGE,  /* from `careful`, at which the policy errs on the side of the cloud, to `bold` */
    TUNE_TOKENS, /* 0, then the token counts that samples have */
} option_tuning;
/* A file that an option names, as it was when its hash was taken. It outlives the policy. */
typedef struct policy_file {
    const char *path;
    const char *text; /* [length] and a NUL */
    size_t length;
} policy_file;

/* One option; in parentheses above, the type of the member at `offset` of the options. A table of them ends with a NULL
 * name. Every policy has the option `as`, its label, besides. */
typedef struct policy_option {
    const char *name;
    option_kind kind;
    size_t offset;
    const char *doc;      /* what it means, for the manual */
    const char *fallback; /* the default, as it would be written in the file; NULL: none */
    bool required;
    double least, most;         /* number, count: bounds, both allowed; most = 0 means none above */
    const char *const *choices; /* NULL at the end */
    const unsigned *needs;      /* choice: what each of them needs (POLICY_NEEDS_* or-ed); NULL: nothing */
    const char *method, *file;  /* map; method NULL: by whichever method */
    option_tuning tune;
    double careful, bold; /* TUNE_RANGE */
} policy_option;

/* What a policy is told when it is opened. */
typedef struct policy_start {
    /* [TIER_COUNT] shares, by tier, of the requests that the policy named by OPTION_POLICY answered, summing to 1; NULL for a
     * policy without that option. */
    const double *shares;
    /* Ends the run with an error that says why, whenever it is called till `close`; what is returned then does not count. */
    void (*fail)(void *run, const char *why);
    void *run;
} policy_start;

enum { POLICY_WHY = 1000 }; /* bytes of a reason, with its NUL */

typedef struct policy_type {
    uint32_t abi; /* POLICY_ABI */
    const char *name;
    const char *summary; /* one line */
    const char *paper;   /* where it is from */
    unsigned needs;      /* POLICY_NEEDS_* or-ed, whatever its options are */
    const policy_option *options;
    size_t size; /* of the struct that the options are read into; 0: it has none but `as` */
    /* Whether the options go together; if not, why not. It may change what the policy needs (POLICY_NEEDS_* or-ed). The map has
     * not been read yet. May be NULL. */
    bool (*check)(const void *options, unsigned *needs, char why[POLICY_WHY]);
    /* What the functions below get as `self`; NULL and the reason if that fails. The options outlive it. Without `open`,
     * `self` is the options. */
    void *(*open)(const void *options, const policy_start *start, char why[POLICY_WHY]);
    /* After the run. May be NULL. */
    void (*close)(void *self);
    /* Where to send a new request. NULL for an oracle. */
    verdict (*route)(void *self, const observation *seen);
    /* The same for oracles, which see the truth. NULL for all others. */
    verdict (*route_knowing)(void *self, const observation *seen, const truth *t);
    /* What to do after an exit. NULL: the routed tier answers with its last exit. */
    verdict (*after_exit)(void *self, const observation *seen);
    /* What became of a request, for policies that learn: they have the option `scope` besides, and are opened once for each
     * phone (default), cell or fleet, when the first of its requests comes. May be NULL. */
    void (*feedback)(void *self, const feedback *f);
} policy_type;

/* ---- Plug-ins ---- */

/* What a shared object defines that a scenario names by `plugin:`. Its type has a name that none of Portolan's has, and is no
 * oracle; `check` is called in a process of its own. It is loaded once in a process, and stays. */
#ifdef __cplusplus
extern "C"
#endif
    __attribute__((visibility("default"))) const policy_type *
    portolan_policy(void);

#endif
