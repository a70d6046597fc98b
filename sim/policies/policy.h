/* A routing policy: what it sees, what it may decide. Needs nothing of SimGrid.
 *
 * A policy is one file of sim/policies/ that defines one policy_type, and a line in the table of sim/policies/policies.c. For each
 * request it is asked once where to send it (route), and then, on every tier that computes a slice, after each exit
 * whether to answer with it (after_exit). Labels are not part of what it sees; only an oracle gets them. */
#ifndef PORTOLAN_POLICY_H
#define PORTOLAN_POLICY_H

#include <stdint.h>

#include "base/random.h"
#include "base/yaml.h"

typedef enum tier { TIER_PHONE, TIER_EDGE, TIER_CLOUD, TIER_COUNT } tier;

/* What an exit classifier said. */
typedef struct exit_outcome {
    tier tier;      /* that computed it */
    uint32_t layer; /* after which it stands, from 1 */
    uint32_t prediction;
    double confidence; /* largest class probability, or what the outcome table says it is */
    uint32_t classes;
    const double *probabilities; /* [classes]; NULL where the outcome table holds only confidences */
} exit_outcome;

/* What the device that decides knows at that moment. */
typedef struct observation {
    double now; /* simulated seconds */
    uint64_t request;
    uint32_t phone;
    uint32_t tokens;
    const double *v; /* [v_size] representation by the embedding layer, for a new request of a policy that has a router;
                        else NULL */
    uint32_t v_size;
    const uint32_t *depth;     /* [TIER_COUNT] layers each tier holds: m, n, L */
    const double *tier_cost;   /* [TIER_COUNT] cost of sending the request straight to each tier: K */
    tier at;                   /* the tier that decides */
    const exit_outcome *exits; /* [exit_count] exits evaluated so far, in order; the last one is the newest */
    uint32_t exit_count;
    random_stream *random; /* the request's own stream, the same for every policy */
} observation;

typedef enum verdict_kind {
    VERDICT_ANSWER,   /* with the newest exit */
    VERDICT_CONTINUE, /* to the next exit on this tier; after the tier's last exit it means answer */
    VERDICT_ESCALATE, /* to a higher tier */
} verdict_kind;

typedef struct verdict {
    verdict_kind kind;
    tier to;     /* escalate: where to */
    bool hidden; /* escalate: send the hidden state, so that it goes on behind it; else tokens, from layer 1 again */
} verdict;

/* The truth about a sample, for oracles. */
typedef struct truth {
    uint32_t label;
    exit_outcome last_exit[TIER_COUNT]; /* what the last exit of each tier says */
} truth;

/* The beginning of every policy's options. */
typedef struct policy_common {
    const char *label; /* `as:`; NULL if not given */
} policy_common;

#define POLICY_COMMON_FIELDS \
    { "as", FIELD_NAME, offsetof(policy_common, label), .doc = "the policy's name in the results", .fallback = NULL }

/* What a policy needs of the outcome table or of another policy. */
enum { POLICY_NEEDS_PROBABILITIES = 1 };

typedef struct router router; /* analysis/cartography/router.h */

/* What a policy that reads files is given. */
typedef struct policy_files {
    arena *memory;       /* what it keeps lives here */
    const yaml_node *at; /* its options */
    const char *model;   /* path of the model, NULL where a table answers */
    const char *read;    /* set by the policy: the file it has read */
} policy_files;

typedef struct policy_type {
    const char *name;
    const char *summary; /* one line */
    const char *paper;   /* where it is from */
    const yaml_field *options;
    size_t size; /* of the struct the options are read into; it begins with a policy_common, is zeroed first and is the
                    policy's whole state: every function below gets it as `self` */
    /* Further checks of the options, and what they need (POLICY_NEEDS_* or-ed into `needs`); may be NULL. */
    bool (*check)(void *self, const yaml_node *at, unsigned *needs, portolan_error *err);
    /* Reads the file that the options name; may be NULL. Called after `check`. */
    bool (*load)(void *self, policy_files *files, portolan_error *err);
    /* The router whose v(x) the policy wants to see in `route`: v is computed by the phone's embedding layer, and charged
     * for there. NULL: it routes at once, without v. */
    const router *(*router)(const void *self);
    /* Where to send a new request. NULL for an oracle. */
    tier (*route)(void *self, const observation *seen);
    /* The same for oracles, which see the truth. NULL for all others. */
    tier (*route_knowing)(void *self, const observation *seen, const truth *t);
    /* What to do after an exit. NULL: the routed tier answers with its last exit. */
    verdict (*after_exit)(void *self, const observation *seen);
    /* Whether every layer's exit is evaluated, not only the last one of each tier; may be NULL: no. */
    bool (*every_exit)(const void *self);
    /* The label of the policy whose tier shares this one takes over, and the call that hands them over before the run
     * (answered requests by tier, summing to 1); NULL for policies that follow no other. */
    const char *(*follows)(const void *self);
    void (*take_shares)(void *self, const double shares[TIER_COUNT]);
} policy_type;

/* All policies, NULL at the end. */
extern const policy_type *const POLICIES[];

extern const char *const TIER_NAMES[]; /* "phone", "edge", "cloud", NULL */

/* The type called `name`, or NULL. */
const policy_type *policy_find(const char *name);

#endif
