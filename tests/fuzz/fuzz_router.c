/* Any bytes as router.json: a router that is read can assign. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cartography/router.h"

static void check(const router *r) {
    double *v = calloc(r->size, sizeof *v), score[POOLS];
    if (!v || strlen(r->embedding) != 64) abort();
    router_score(r, v, score);
    pool_kind assigned = router_assign(r, v);
    if (!r->stands[assigned] && (r->stands[0] || r->stands[1] || r->stands[2]) &&
        isfinite(score[0] + score[1] + score[2]))
        abort();
    router_margin(r, v);
    free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    router r;
    portolan_error err = {0};
    if (router_parse(&r, "fuzz.json", (const char *)data, size, &err))
        check(&r);
    else if (!err.status || !err.message[0] || r.rows)
        abort();
    router_free(&r);
    return 0;
}
