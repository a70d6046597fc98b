/* requests.csv: what became of every counted request. */
#include <math.h>

#include "tables.h"

typedef struct request_row {
    const char *policy, *tier, *failure;
    uint64_t request, phone, sample, tokens, label, bytes_up, bytes_down;
    double arrival, latency, wait[TIER_COUNT], compute, call, network, promotion, connection;
    double exit, prediction, correct; /* NaN if failed */
    double cost, active_phone, active_radio, active_tail, active_server, price;
} request_row;

#define AT(member) offsetof(request_row, member)

static const table_column COLUMNS[] = {
    {"policy", "the policy's label", COLUMN_TEXT, AT(policy)},
    {"request", "number in order of arrival, 0 for the first after the warm-up", COLUMN_COUNT, AT(request)},
    {"phone", "number of the phone", COLUMN_COUNT, AT(phone)},
    {"sample", "row of the outcome table or data set", COLUMN_COUNT, AT(sample)},
    {"tokens", "tokens of the sample", COLUMN_COUNT, AT(tokens)},
    {"arrival_s", "simulated time of arrival", COLUMN_NUMBER, AT(arrival)},
    {"latency_s", "from arrival to the answer at the phone, or to the failure", COLUMN_NUMBER, AT(latency)},
    {"wait_phone_s", "of it, waiting for a core of the phone; empty if it never asked for one", COLUMN_NUMBER,
     AT(wait[TIER_PHONE])},
    {"wait_edge_s", "waiting for a core of the edge site; empty if it was not there, or was refused", COLUMN_NUMBER,
     AT(wait[TIER_EDGE])},
    {"wait_cloud_s", "waiting for a core of the cloud; empty if it was not there, or was refused", COLUMN_NUMBER,
     AT(wait[TIER_CLOUD])},
    {"compute_s", "of the latency, computing, on all tiers together", COLUMN_NUMBER, AT(compute)},
    {"call_s", "of the computing, the fixed cost of executions (a device's `call`)", COLUMN_NUMBER, AT(call)},
    {"network_s", "the rest of the latency", COLUMN_NUMBER, AT(network)},
    {"promotion_s", "of network_s, waiting for the phone's radio to be ready", COLUMN_NUMBER, AT(promotion)},
    {"connection_s", "of network_s, waiting for a connection to be set up", COLUMN_NUMBER, AT(connection)},
    {"tier", "that answered: phone, edge, cloud; empty if failed", COLUMN_TEXT, AT(tier)},
    {"exit", "layer whose exit answered, from 1; empty if failed", COLUMN_NUMBER, AT(exit)},
    {"prediction", "the answer; empty if failed", COLUMN_NUMBER, AT(prediction)},
    {"label", "the truth", COLUMN_COUNT, AT(label)},
    {"correct", "1 or 0; empty if failed", COLUMN_NUMBER, AT(correct)},
    {"cost", "paper-style cost", COLUMN_NUMBER, AT(cost)},
    {"energy_active_phone_j", "at the phone beyond its idle power: computing and radio", COLUMN_NUMBER,
     AT(active_phone)},
    {"energy_active_radio_j", "of it, the radio's", COLUMN_NUMBER, AT(active_radio)},
    {"energy_active_tail_j", "of the radio's, what promotions and tails cost", COLUMN_NUMBER, AT(active_tail)},
    {"energy_active_server_j", "at servers beyond their idle power", COLUMN_NUMBER, AT(active_server)},
    {"bytes_up", "bytes sent up, every hop counted", COLUMN_COUNT, AT(bytes_up)},
    {"bytes_down", "bytes sent down", COLUMN_COUNT, AT(bytes_down)},
    {"price", "of the compute time, in US dollars", COLUMN_NUMBER, AT(price)},
    {"failure", "why there is no answer: queue-full, network or server; empty if there is one", COLUMN_TEXT,
     AT(failure)},
    {0},
};

static request_row row_of(const policy_run *run, uint64_t number) {
    const request_record *r = &run->records[number];
    uint32_t label = run->s->table.labels[r->sample];
    request_row row = {
        .policy = run->label,
        .request = number,
        .phone = r->phone,
        .sample = r->sample,
        .tokens = r->tokens,
        .label = label,
        .arrival = r->arrival,
        .latency = r->latency,
        .wait = {r->wait[TIER_PHONE], r->wait[TIER_EDGE], r->wait[TIER_CLOUD]},
        .compute = r->compute,
        .call = r->call,
        /* what is neither waiting nor computing; rounding can leave a last bit below zero */
        .network = fmax(0, r->under_way - record_wait(r) - r->compute),
        .promotion = r->promotion,
        .connection = r->connection,
        .exit = NAN,
        .prediction = NAN,
        .correct = NAN,
        .cost = r->cost,
        .active_phone = r->phone_joules,
        .active_radio = r->radio_joules,
        .active_tail = r->tail_joules,
        .active_server = r->server_joules,
        .bytes_up = r->bytes_up,
        .bytes_down = r->bytes_down,
        .price = r->usd,
        .failure = FAILURE_NAMES[r->failure],
    };
    if (r->failure) return row;
    row.tier = TIER_NAMES[r->tier];
    row.exit = r->exit;
    row.prediction = r->prediction;
    row.correct = r->prediction == label;
    return row;
}

static bool write_rows(const policy_run *run, FILE *out, portolan_error *err) {
    (void)err;
    for (uint64_t i = 0; i < run->count; i++) {
        request_row row = row_of(run, i);
        table_write_row(&REQUESTS_TABLE, &row, out);
    }
    return true;
}

static bool is_wanted(const scenario *s) { return s->write_requests; }

const result_table REQUESTS_TABLE = {"requests.csv", "a counted request of a policy", COLUMNS, is_wanted, write_rows};
