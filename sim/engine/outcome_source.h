/* Where the outcomes of exits come from: an outcome table that is replayed, or a model that is executed. Internal to sim/.
 *
 * live:   every simulated execution runs its layers on the attempt's hidden state.
 * once:   the first execution of a sample runs the model, together with the samples that come next; what its exits said is
 *         remembered, for all policies of the scenario, in memory that their processes share.
 * replay: a table holds all answers; nothing is computed.
 * A sequence's result does not depend on its batch nor on how its layers are cut, so all three give the same bits. What is
 * rounded on its way (payload.hidden below 4 bytes) depends on where it was cut: from there on it is computed every time. */
#ifndef PORTOLAN_OUTCOME_SOURCE_H
#define PORTOLAN_OUTCOME_SOURCE_H

#include "analysis/cartography/cartography.h"
#include "request.h"

struct outcome_source {
    int mode; /* execute_mode, not EXECUTE_REPLAY */
    encoder *model;
    token_set set;
    outcome_table *table;  /* the scenario's: filled as samples come */
    unsigned char *states; /* [samples], shared between processes: whether a row of the table is there */
    int file;              /* behind the states; locks on it are claims of rows */
    encoder_scratch scratch;
    double *v;            /* [v_size] of the request asked about last */
    float *embedded;      /* [longest][h] */
    portolan_error error; /* the first failure while computing; ends the run */
};

/* Takes over the model and the set. The table must have been made shared. NULL if memory is short. */
outcome_source *outcome_source_open(int mode, encoder *model, token_set *set, outcome_table *table,
                                    portolan_error *err);
void outcome_source_close(outcome_source *a);

/* What the exit after `layer` says to the attempt, at tier `at`. */
exit_outcome outcome_source_exit(attempt *by, tier at, const scenario *s, uint32_t layer);

/* The same for the unrounded model and any tier, from the table; computes the row if it is not there. */
exit_outcome outcome_source_reference(const scenario *s, uint32_t sample, tier at, uint32_t layer);

/* The attempt is cut after its newest exit and sent on: by its hidden state, rounded as it is sent, or by its tokens. */
void outcome_source_cut(attempt *by, const scenario *s, bool hidden);

/* v(x) of a request by a router's representation, from the table or by the embedding layer: borrowed until the next call.
 * After a failure, which ends the run, zeros. NULL if there is no memory for them. */
const double *outcome_source_representation(const request *r, const scenario *s, const router *made_by);

/* Whether a router was made for this model's embedding layer. */
bool outcome_source_suits_router(const outcome_source *a, const router *r);

/* Forgets the attempt's hidden state. */
void outcome_source_forget(attempt *by);

#endif
