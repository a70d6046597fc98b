/* bare_simgrid PLATFORM.xml EDGES PHONES phone|edge REQUESTS RATE: what SimGrid alone needs for as many
 * requests as a run of Portolan, without policies, samples or books. Prints the seconds of the simulation,
 * without loading.
 *
 * The shape is the fastest one with actors that was found: a source creates phone actors, or recycles idle
 * ones by moving them to the next phone; each edge host has a handler for each core.
 *   phone: one execution            edge: put to the edge's mailbox, one execution there, one reply
 * Tokens, FLOP and bytes are those of a sentence of 25 tokens on BERT-base split after layers 3 and 6. */
#include <simgrid/actor.h>
#include <simgrid/comm.h>
#include <simgrid/engine.h>
#include <simgrid/exec.h>
#include <simgrid/host.h>
#include <simgrid/mailbox.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"

static const double PHONE_FLOPS = 1.069e9, EDGE_FLOPS = 2.136e9;
enum { REQUEST_BYTES = 50, ANSWER_BYTES = 64, STACK_KIB = 16 };

typedef struct phone_actor {
    struct phone_actor *next; /* idle behind it */
    sg_actor_t actor;
    sg_mailbox_t reply;
    unsigned long phone_number;
} phone_actor;

static struct {
    unsigned long edges, phones, requests;
    bool to_edge;
    double rate;
    sg_host_t *hosts;        /* [phones] */
    sg_mailbox_t *mailboxes; /* [edges] */
    phone_actor *idle;
    unsigned long actors, finished;
    sg_actor_t source;
    bool source_waits;
} bench;

/* The message of a request: the mailbox for its answer. */
static void ask_edge(phone_actor *p) {
    void *answer = NULL;
    sg_comm_wait(sg_mailbox_put_async(bench.mailboxes[p->phone_number % bench.edges], p->reply, REQUEST_BYTES));
    sg_comm_wait(sg_mailbox_get_async(p->reply, &answer));
}

static void compute(double flops) { sg_exec_wait(sg_actor_exec_init(flops)); }

static void phone_main(int argc, char *argv[]) {
    (void)argc, (void)argv;
    phone_actor *p = sg_actor_self_get_data();
    for (;;) {
        if (bench.to_edge)
            ask_edge(p);
        else
            compute(PHONE_FLOPS);
        if (++bench.finished == bench.requests && bench.source_waits) sg_actor_resume(bench.source);
        p->next = bench.idle;
        bench.idle = p;
        sg_actor_suspend(p->actor);
    }
}

static void handler_main(int argc, char *argv[]) {
    (void)argc, (void)argv;
    sg_mailbox_t mine = sg_actor_self_get_data();
    for (;;) {
        void *reply = NULL;
        sg_comm_wait(sg_mailbox_get_async(mine, &reply));
        compute(EDGE_FLOPS);
        sg_comm_wait(sg_mailbox_put_async(reply, reply, ANSWER_BYTES));
    }
}

static sg_actor_t start(const char *name, sg_host_t host, xbt_main_func_t code, void *data) {
    sg_actor_t actor = sg_actor_init(name, host);
    sg_actor_set_stacksize(actor, STACK_KIB);
    sg_actor_set_data(actor, data);
    sg_actor_start(actor, code, 0, NULL);
    return actor;
}

static void start_request(unsigned long phone_number) {
    phone_actor *p = bench.idle;
    if (p) {
        bench.idle = p->next;
        p->phone_number = phone_number;
        sg_actor_set_host(p->actor, bench.hosts[phone_number]);
        sg_actor_resume(p->actor);
        return;
    }
    char name[32];
    snprintf(name, sizeof name, "p%lu", bench.actors++);
    p = calloc(1, sizeof *p);
    if (!p) abort();
    p->phone_number = phone_number;
    p->reply = sg_mailbox_by_name(name);
    p->actor = start(name, bench.hosts[phone_number], phone_main, p);
    sg_actor_daemonize(p->actor);
}

static void source_main(int argc, char *argv[]) {
    (void)argc, (void)argv;
    random_stream s = random_open(1, "bench", 0);
    for (unsigned long i = 0; i < bench.requests; i++) {
        sg_actor_sleep_for(random_exponential(&s) / bench.rate);
        start_request(random_below(&s, bench.phones));
    }
    if (bench.finished == bench.requests) return;
    bench.source_waits = true;
    sg_actor_suspend(bench.source);
}

static sg_host_t host_called(const char *format, unsigned long number) {
    char name[64];
    snprintf(name, sizeof name, format, number);
    sg_host_t host = sg_host_by_name(name);
    if (host) return host;
    fprintf(stderr, "the platform has no host %s\n", name);
    exit(2);
}

static void populate(void) {
    bench.hosts = calloc(bench.phones, sizeof *bench.hosts);
    bench.mailboxes = calloc(bench.edges, sizeof *bench.mailboxes);
    if (!bench.hosts || !bench.mailboxes) abort();
    for (unsigned long i = 0; i < bench.phones; i++) bench.hosts[i] = host_called("phone:%lu", i);
    for (unsigned long i = 0; bench.to_edge && i < bench.edges; i++) {
        sg_host_t host = host_called("edge:edge-%lu", i + 1);
        bench.mailboxes[i] = sg_mailbox_by_name(sg_host_get_name(host));
        for (int core = 0; core < sg_host_core_count(host); core++)
            sg_actor_daemonize(start("handler", host, handler_main, bench.mailboxes[i]));
    }
    bench.source = start("source", bench.hosts[0], source_main, NULL);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: bare_simgrid PLATFORM.xml EDGES PHONES phone|edge REQUESTS RATE\n");
        return 2;
    }
    char *options[] = {"bare_simgrid", "--cfg=contexts/factory:raw", "--cfg=contexts/guard-size:0",
                       "--log=root.threshold:critical", NULL};
    int count = 4;
    simgrid_init(&count, options);
    simgrid_load_platform(argv[1]);
    bench.edges = strtoul(argv[2], NULL, 10);
    bench.phones = strtoul(argv[3], NULL, 10);
    bench.to_edge = strcmp(argv[4], "edge") == 0;
    bench.requests = strtoul(argv[5], NULL, 10);
    bench.rate = strtod(argv[6], NULL);
    populate();
    double before = now();
    simgrid_run();
    printf("%.6f\n", now() - before);
    return bench.finished == bench.requests ? 0 : 1;
}
