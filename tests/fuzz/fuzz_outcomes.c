/* Any bytes as an outcome table: a table that is read is complete and in range. */
#include <stdlib.h>

#include "workloads/workloads.h"

static void check(const outcome_table *t) {
    if (!t->samples || !t->exits || t->exits > OUTCOME_MAX_EXITS || t->classes < 2 || t->classes > OUTCOME_MAX_CLASSES)
        abort();
    for (uint32_t e = 0; e < t->exits; e++)
        if (t->exit_layer[e] < 1 || t->exit_layer[e] > t->layers || t->exit_at[t->exit_layer[e]] != e + 1) abort();
    for (uint32_t i = 0; i < t->samples; i++) {
        if (t->labels[i] >= t->classes || (t->tokens && !t->tokens[i])) abort();
        for (uint32_t e = 0; e < t->exits; e++) {
            double confidence = outcome_confidence(t, i, e);
            uint16_t prediction = outcome_prediction(t, i, e);
            bool unknown = t->lacks_confidence && confidence != confidence;
            if ((!unknown && !(confidence >= 0 && confidence <= 1)) || prediction >= t->classes) abort();
            const double *p = outcome_probabilities(t, i, e);
            if (p && p[prediction] != confidence) abort();
        }
        for (uint32_t k = 0; k < t->v_size; k++)
            if (!(t->v[(size_t)i * t->v_size + k] <= 1e30)) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    outcome_table t;
    portolan_error err = {0};
    if (outcome_table_parse(&t, "fuzz.csv", (const char *)data, size, &err))
        check(&t);
    else if (!err.status || !err.message[0] || t.labels)
        abort(); /* a refusal says why and leaves nothing */
    outcome_table_free(&t);
    return 0;
}
