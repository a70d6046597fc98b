/* What the policies share that steer by a map of pools: the map, and the one question they ask it. */
#ifndef PORTOLAN_ROUTED_H
#define PORTOLAN_ROUTED_H

#include "policy.h"

typedef struct routed_options {
    const struct router *map;
} routed_options;

/* The option of a routed policy: a map made by `method_`, by default in the file called `file_`. */
#define ROUTED_OPTION(method_, file_)                                                                     \
    {                                                                                                     \
        "router", OPTION_MAP, offsetof(routed_options, map),                                              \
            .doc = "file that `portolan map` wrote; default: the model's path with ." file_ ", or " file_ \
                   " beside it",                                                                          \
            .method = method_, .file = file_                                                              \
    }

verdict routed_route(void *self, const observation *seen);

#endif
