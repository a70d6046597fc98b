/* What the policies share that steer by the nearest pool mean: their router, and the one question they ask it. */
#ifndef PORTOLAN_ROUTED_H
#define PORTOLAN_ROUTED_H

#include "analysis/cartography/router.h"
#include "policy.h"

typedef struct routed_options {
    policy_common common;
    const char *path;
    const router *made; /* in the scenario's memory */
} routed_options;

/* The options of a routed policy; `names_` are the files looked for where `router` is not given. */
#define ROUTED_FIELDS(names_)                                         \
    POLICY_COMMON_FIELDS, {                                           \
        "router", FIELD_TEXT, offsetof(routed_options, path),         \
            .doc = "file that `portolan map` wrote; default: " names_ \
    }

/* Loads the router, which must be of `method`. By default it is the model's path with `ending` for .safetensors, or, if
 * there is no such file, `name` beside the model. */
bool routed_load(void *self, policy_files *files, int method, const char *ending, const char *name,
                 portolan_error *err);

const router *routed_router(const void *self);
tier routed_route(void *self, const observation *seen);

#endif
