/* Workloads: when which phone asks about which sample. Every draw belongs to the workload, none to a policy, so that all
 * policies of a scenario meet the same requests. */
#include <stdlib.h>
#include <string.h>

#include "workloads.h"

typedef struct workload_keys {
    const char *name;
    const yaml_node *arrivals, *data;
    int order;
} workload_keys;

static const char *const ORDERS[] = {"sequential", "shuffled", NULL};

const yaml_field WORKLOAD_FIELDS[] = {
    {"name", FIELD_NAME, offsetof(workload_keys, name), .doc = "name of the workload", .fallback = "workload"},
    {"arrivals", FIELD_NODE, offsetof(workload_keys, arrivals), .doc = "when requests arrive", .required = true},
    {"data", FIELD_NODE, offsetof(workload_keys, data),
     .doc = "the data set whose texts are asked about; needed where a model answers"},
    {"order", FIELD_CHOICE, offsetof(workload_keys, order),
     .doc =
         "sequential: sample after sample over the whole fleet, again from the first; shuffled: a new order each pass",
     .fallback = "sequential", .choices = ORDERS},
    {0},
};

static const char *const PROCESSES[] = {"poisson", "constant", "closed", NULL};

const yaml_field ARRIVAL_FIELDS[] = {
    {"process", FIELD_CHOICE, offsetof(workload, process),
     .doc =
         "poisson; constant: a fixed period, each phone with its own random phase; closed: a phone asks again a think "
         "time after its answer",
     .fallback = "poisson", .choices = PROCESSES},
    {"rate", FIELD_QUANTITY, offsetof(workload, rate), .doc = "requests of one phone per time", UNIT_RATE,
     .positive = true},
    {"fleet_rate", FIELD_QUANTITY, offsetof(workload, fleet_rate), .doc = "requests of all phones together per time",
     UNIT_RATE, .positive = true},
    {"think", FIELD_DISTRIBUTION, offsetof(workload, think), .doc = "closed: time from an answer to the next request",
     UNIT_TIME},
    {0},
};

bool workload_read(workload *w, const yaml_node *map, portolan_error *err) {
    workload_keys keys = {0};
    *w = (workload){0};
    if (!yaml_read(map, "a workload", WORKLOAD_FIELDS, &keys, err) ||
        !yaml_read(keys.arrivals, "arrivals", ARRIVAL_FIELDS, w, err))
        return false;
    w->name = keys.name;
    w->order = keys.order;
    w->data = keys.data;
    bool closed = w->process == ARRIVALS_CLOSED, think = yaml_find(keys.arrivals, "think") != NULL;
    int rates = (w->rate > 0) + (w->fleet_rate > 0);
    if (closed && (rates || !think))
        return error_input(err, keys.arrivals->mark,
                           "process 'closed' takes 'think' (a time or a distribution of times) and no rate");
    if (!closed && (rates != 1 || think))
        return error_input(err, keys.arrivals->mark,
                           "process '%s' takes one of 'rate' (per phone) and 'fleet_rate' "
                           "(all phones), and no 'think'",
                           PROCESSES[w->process]);
    return true;
}

/* Orders phones by their phase; ties by number, so that the order is always the same. */
static int by_phase(const void *a, const void *b, void *context) {
    const double *phase = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    if (phase[i] != phase[j]) return phase[i] < phase[j] ? -1 : 1;
    return i < j ? -1 : i > j;
}

/* Constant `rate`: every phone starts at a random moment of the period. Constant `fleet_rate`: evenly spaced, in turn. */
static void draw_phases(arrival_source *a) {
    random_stream s = random_open(a->seed, "phases", 0);
    double period = a->mean_gap * (double)a->phones;
    for (uint64_t i = 0; i < a->phones; i++) {
        a->turn[i] = (uint32_t)i;
        a->phase[i] = a->w->fleet_rate > 0 ? (double)(i + 1) * a->mean_gap : period * random_uniform(&s);
    }
    qsort_r(a->turn, a->phones, sizeof *a->turn, by_phase, a->phase);
}

bool arrivals_open(arrival_source *a, const workload *w, uint64_t phones, uint32_t samples, uint64_t seed,
                   portolan_error *err) {
    *a = (arrival_source){.w = w, .seed = seed, .phones = phones, .samples = samples};
    a->mean_gap = 1 / (w->fleet_rate > 0 ? w->fleet_rate : w->rate * (double)phones);
    a->gaps = random_open(seed, "arrivals", 0);
    a->picks = random_open(seed, "phones", 0);
    if (w->process == ARRIVALS_CONSTANT) {
        a->turn = malloc(phones * sizeof *a->turn);
        a->phase = malloc(phones * sizeof *a->phase);
        if (!a->turn || !a->phase) {
            arrivals_close(a);
            return error_memory(err, phones * (sizeof *a->turn + sizeof *a->phase));
        }
        draw_phases(a);
    }
    if (w->order == ORDER_SHUFFLED && !(a->order = malloc(samples * sizeof *a->order))) {
        arrivals_close(a);
        return error_memory(err, samples * sizeof *a->order);
    }
    return true;
}

static uint32_t pick_sample(arrival_source *a) {
    uint32_t place = (uint32_t)(a->made % a->samples);
    if (!a->order) return place;
    if (place == 0) {
        random_stream s = random_open(a->seed, "samples", a->made / a->samples);
        for (uint32_t i = 0; i < a->samples; i++) a->order[i] = i;
        random_shuffle(&s, a->order, a->samples);
    }
    return a->order[place];
}

arrival arrivals_next(arrival_source *a) {
    arrival next = {.key = a->made, .sample = pick_sample(a)};
    if (a->turn) {
        next.phone = a->turn[a->made % a->phones];
        double laps = (double)(a->made / a->phones);
        next.time = a->phase[next.phone] + laps * (a->mean_gap * (double)a->phones);
    } else {
        a->clock += a->mean_gap * random_exponential(&a->gaps);
        next.time = a->clock;
        next.phone = (uint32_t)random_below(&a->picks, a->phones);
    }
    a->made++;
    return next;
}

void arrivals_close(arrival_source *a) {
    free(a->turn);
    free(a->phase);
    free(a->order);
    *a = (arrival_source){0};
}

arrival arrivals_closed(const workload *w, uint64_t phones, uint32_t samples, uint64_t seed, uint32_t phone,
                        uint32_t turn) {
    uint64_t key = (uint64_t)phone << 32 | turn;
    random_stream think = random_open(seed, "think", key);
    arrival next = {.time = distribution_draw(&w->think, &think), .key = key, .phone = phone};
    if (w->order == ORDER_SHUFFLED) {
        random_stream pick = random_open(seed, "samples", key);
        next.sample = (uint32_t)random_below(&pick, samples);
    } else {
        next.sample = (uint32_t)((phone + turn * phones) % samples);
    }
    return next;
}

double arrival_work(const outcome_table *t, uint64_t seed, uint64_t key) {
    if (t->work == WORK_CONSTANT) return 1;
    random_stream s = random_open(seed, "work", key);
    return random_exponential(&s);
}
