/* What is asked, when? Outcome tables (what every exit answers to every sample) and arrivals (when which phone asks). */
#ifndef PORTOLAN_WORKLOADS_H
#define PORTOLAN_WORKLOADS_H

#include <stdint.h>

#include "base/files.h"
#include "base/random.h"
#include "base/yaml.h"

/* ---- Outcome tables ---- */

typedef enum work_kind { WORK_CONSTANT, WORK_EXPONENTIAL } work_kind;

enum { OUTCOME_MAX_EXITS = 64, OUTCOME_MAX_CLASSES = 1000 };

/* What each of `exits` exits answers to each of `samples` samples. */
typedef struct outcome_table {
    arena memory; /* owns the arrays, but for the last three below where `shared` is set */
    void *shared; /* mapping that processes forked later share with this one; NULL: none */
    size_t shared_bytes;
    uint32_t samples, exits, classes;
    uint32_t layers;                        /* of the model: the layer of the last exit */
    uint32_t exit_layer[OUTCOME_MAX_EXITS]; /* [exits] after which layer each stands, from 1, ascending */
    uint8_t exit_at[OUTCOME_MAX_EXITS + 1]; /* [layer] the exit after a layer, from 1; 0: there is none */
    uint32_t *labels;                       /* [samples] */
    uint32_t *tokens;                       /* [samples]; NULL if the table has none and none were drawn yet */
    double *confidences;   /* [samples][exits]: largest class probability, or what the table says it is */
    uint16_t *predictions; /* [samples][exits] */
    bool lacks_confidence; /* some confidences are NaN: the table does not say how sure those exits are */
    double *probabilities; /* [samples][exits][classes]; NULL in tables that hold only confidences */
    double *v;             /* [samples][v_size] representation for routers; NULL if the table has none */
    uint32_t v_size;
    const char *const *class_names; /* [classes], NULL where a name is not known; NULL: classes have numbers only */
    const char *classes_from;       /* who says so; static */
    int work;                       /* work_kind: constant, or every request's FLOP multiplied by its own Exp(1) draw */
} outcome_table;

/* Reads a CSV file. What a column holds is told by its name, whether its letters are large or small:
 *   a row a sample and exit: Sample_ID, Exit (from 0, or from 1), Prediction or Correct, Label, Confidence (may be empty), tokens
 *   a row a sample:  label, exitN_p0, exitN_p1, ... (or exitN_logit0, ...; or exitN_prediction, exitN_correct or exitN, 1 or 0,
 *                    with exitN_confidence), sample, tokens, v0, v1, ..., label_name
 * Columns and rows stand in any order; others are left out, unless they look like one of these. Fields may be quoted, with blanks
 * around. In the second form the exits are named by their layers, from 1 (or from 0, if there is an exit0); layers without an exit
 * are left out. In the first, every layer has one. Samples are kept in the order of their numbers, or else of their rows. On
 * failure `t` is left empty. */
bool outcome_table_load(outcome_table *t, const char *path, portolan_error *err);

/* The same from memory; `name` stands for the file in messages. */
bool outcome_table_parse(outcome_table *t, const char *name, const char *text, size_t length, portolan_error *err);

/* How large a table is. */
typedef struct outcome_shape {
    uint64_t samples, classes;
    uint32_t exits;
    const uint32_t *exit_layers; /* [exits] after which layers they stand */
    bool probabilities;          /* whether there are any, or confidences alone */
    bool shared;                 /* what exits say lies in memory that forked processes share */
} outcome_shape;

/* Makes room for a table; the caller fills the arrays. On failure `t` is left empty. */
bool outcome_table_allocate(outcome_table *t, const outcome_shape *shape, portolan_error *err);

/* Sets confidence and prediction of one exit from its probabilities: the largest, the first of equals. */
void outcome_table_conclude(outcome_table *t, uint32_t sample, uint32_t exit);

/* Writes a table with probabilities in the compact form, with 17 digits, so that reading it gives the same bits. Whoever
 * closes the stream sees whether it could be written. */
void outcome_table_write(const outcome_table *t, FILE *out);

/* The embedded synthetic table; see docs/workloads.md for the model:
 *   difficulty d_i ~ N(0, 1); noise eps_i1 ~ N(0, 1), eps_ie = .8 eps_i,e-1 + .6 N(0, 1);
 *   ability a_e from ability_first to ability_last, linear in ln e;
 *   margin z_ie = a_e - d_i + eps_ie / 2; P(true class) = 1 / (1 + exp(-sharpness z_ie)); two classes.
 * So the accuracy of exit e is Phi(a_e / sqrt(1.25)). */
typedef struct synthetic_settings {
    uint64_t samples, layers;
    double ability_first, ability_last, sharpness;
    int work; /* work_kind */
} synthetic_settings;

extern const yaml_field SYNTHETIC_FIELDS[];

bool outcome_table_synthesize(outcome_table *t, const synthetic_settings *s, uint64_t seed, portolan_error *err);

/* Gives every sample a token count drawn from `d` (rounded, at least 1), the same for the same seed. */
bool outcome_table_draw_tokens(outcome_table *t, const distribution *d, uint64_t seed, portolan_error *err);

void outcome_table_free(outcome_table *t);

static inline double outcome_confidence(const outcome_table *t, uint32_t sample, uint32_t exit) {
    return t->confidences[(size_t)sample * t->exits + exit];
}

static inline uint16_t outcome_prediction(const outcome_table *t, uint32_t sample, uint32_t exit) {
    return t->predictions[(size_t)sample * t->exits + exit];
}

/* The class probabilities of one exit, [classes]; NULL if the table holds none. */
static inline const double *outcome_probabilities(const outcome_table *t, uint32_t sample, uint32_t exit) {
    return t->probabilities ? t->probabilities + ((size_t)sample * t->exits + exit) * t->classes : NULL;
}

/* ---- Arrivals and samples ---- */

typedef enum arrival_process { ARRIVALS_POISSON, ARRIVALS_CONSTANT, ARRIVALS_CLOSED } arrival_process;
typedef enum sample_order { ORDER_SEQUENTIAL, ORDER_SHUFFLED } sample_order;

typedef struct workload {
    const char *name;
    const yaml_node *data; /* `data:`, the data set whose texts a model answers; NULL: none */
    int process;           /* arrival_process */
    double rate;           /* per phone and second; 0 for closed */
    double fleet_rate;     /* for all phones together; 0 if `rate` was given */
    distribution think;    /* closed: seconds between an answer and the phone's next request */
    int order;             /* sample_order */
} workload;

extern const yaml_field WORKLOAD_FIELDS[], ARRIVAL_FIELDS[];

/* Reads a workload; `name` is borrowed from the document. */
bool workload_read(workload *w, const yaml_node *map, portolan_error *err);

/* One request as it comes in. `key` numbers it independently of the policy: random draws that belong to the request are
 * taken from streams opened with it. */
typedef struct arrival {
    double time;
    uint64_t key;
    uint32_t phone, sample;
} arrival;

/* The open-loop arrivals of a fleet in the order of time. */
typedef struct arrival_source {
    const workload *w;
    uint64_t seed, phones, made;
    uint32_t samples;
    double mean_gap, clock;
    random_stream gaps, picks;
    uint32_t *turn;  /* constant: phones in the order of their phases */
    double *phase;   /* constant, per phone: its first arrival */
    uint32_t *order; /* shuffled: the current pass */
} arrival_source;

bool arrivals_open(arrival_source *a, const workload *w, uint64_t phones, uint32_t samples, uint64_t seed,
                   portolan_error *err);
arrival arrivals_next(arrival_source *a);
void arrivals_close(arrival_source *a);

/* Closed loop: the `turn`-th request of `phone` (both from 0), whose time is the think time before it. */
arrival arrivals_closed(const workload *w, uint64_t phones, uint32_t samples, uint64_t seed, uint32_t phone,
                        uint32_t turn);

/* The factor on a request's FLOP. */
double arrival_work(const outcome_table *t, uint64_t seed, uint64_t key);

/* ---- Tokenizer: WordPiece as in BERT (tokenizer.c) ---- */

typedef struct tokenizer tokenizer;

/* Reads a vocabulary, a token a line; [PAD], [UNK], [CLS] and [SEP] must be there, no token may stand twice. `lowercase`:
 * as the uncased models (lower case, accents stripped). NULL on failure. */
tokenizer *tokenizer_load(const char *vocabulary, bool lowercase, portolan_error *err);
/* The same from memory; `name` stands for the file in messages. */
tokenizer *tokenizer_parse(const char *name, const char *text, size_t length, bool lowercase, portolan_error *err);
void tokenizer_free(tokenizer *t);
uint32_t tokenizer_vocabulary(const tokenizer *t);

/* Tokens that one text and a pair of texts need at least, so that a token of each remains. */
enum { TOKENS_LEAST = 3, TOKENS_LEAST_PAIR = 5 };

/* Encodes one text, or a pair if `b` is not NULL, as [CLS] a [SEP] (b [SEP]), cut longest-first to `most` tokens. ids and
 * segments hold `most`. Invalid UTF-8 is replaced by U+FFFD, which BERT drops. Returns the count; 0, with nothing written, if
 * `most` is below TOKENS_LEAST (TOKENS_LEAST_PAIR for a pair), and 0 if memory is short. */
uint32_t tokenizer_encode(const tokenizer *t, const char *a, const char *b, uint32_t most, uint32_t *ids,
                          uint8_t *segments);

/* ---- Names of classes (class_names.c) ---- */

enum { CLASS_NAME_BYTES = 200 };

/* What labels mean, as a model or a training set says. Names are borrowed. */
typedef struct class_list {
    const char *const *names; /* [count], NULL at the end; NULL: classes have numbers only */
    uint32_t count;           /* 0: nobody says anything */
    const char *owner;        /* for messages: "the model", "the training set" */
} class_list;

/* Whether a text can be a class's name: 1 to CLASS_NAME_BYTES bytes, no control characters. */
bool class_name_is_plain(const char *name, size_t length);

/* Whether the text is a whole number; too large ones become LONG_MAX or LONG_MIN. */
bool class_number(const char *text, long *number);

/* Whether every name is just the number of its class: "0", "1", ... */
bool classes_are_numbers(const char *const *names, uint32_t count);

/* The class of that name, or of the only one that is the same but for the case of ASCII letters. The list has names. */
bool class_named(const class_list *list, const char *word, uint32_t *found);

/* The class that a label means: by name, else by its number from 0, unless names of the list are numbers themselves. */
bool class_find(const class_list *list, const char *word, uint32_t *found);

/* A copy [count] with a closing NULL; NULL if memory is short. Names behind the first NULL are left out. */
const char *const *class_names_copy(arena *memory, const char *const *names, uint32_t count);

/* "classes (FROM): 0 negative, 1 positive", or "classes: 0 to 1" if they have numbers only, and a newline; a name that is
 * NULL is a question mark. */
void class_names_print(FILE *out, const char *const *names, uint32_t count, const char *from);

/* ---- Data sets (datasets.c) ---- */

/* What a data set's own benchmark reports. */
typedef enum dataset_metric { METRIC_ACCURACY, METRIC_F1, METRIC_MATTHEWS } dataset_metric;

typedef struct dataset {
    arena memory;
    const char *task;
    uint32_t samples, classes;
    const char *const *class_names; /* [classes], NULL at the end; the caller's where the settings had some */
    const char *classes_from;       /* who says so: "the model", "the task", "numbers", ... */
    const char **text_a, **text_b;  /* [samples]; text_b is NULL for single texts */
    uint32_t *labels;               /* [samples] */
    uint8_t *depths;                /* [samples] composition steps that a sample needs; NULL where unknown */
    uint64_t *groups;               /* [samples] alike for samples that ask the same; NULL: each asks its own */
    dataset_metric metric;
} dataset;

/* `data:` of a workload. */
typedef struct dataset_settings {
    int task;          /* index into DATASET_TASKS */
    const char *file;  /* as written; resolved by the caller */
    const char *vocab; /* vocabulary; default: vocab.txt beside the model */
    uint64_t max_tokens;
    uint64_t samples, data_seed;         /* of generated tasks; data_seed: where it is given */
    int part, names;                     /* of generated tasks: indices into DEPTH_PARTS and DEPTH_NAMES */
    const char *text_a, *text_b, *label; /* columns, for the generic forms */
    class_list classes;                  /* not a key: the mapping that labels are to be read by; zeroed: none */
} dataset_settings;

/* "sst2", "cola", "rte", "mrpc", "qnli", "mnli", "qqp", "snli", "tsv", "jsonl", "depth", "depth-flat", "depth-mixed", NULL */
extern const char *const DATASET_TASKS[];
extern const yaml_field DATASET_FIELDS[];

/* Reads a data set. A GLUE task is read in its official TSV form, or, from a file ending in .json, in the form
 * {id: {text_a, text_b, label}}; `tsv` and `jsonl` are files with named columns. A label that settings->classes does not know
 * is an error at its place. On failure `d` is left empty. */
bool dataset_load(dataset *d, const dataset_settings *settings, const char *path, portolan_error *err);
bool dataset_parse(dataset *d, const dataset_settings *settings, const char *name, const char *text, size_t length,
                   portolan_error *err);
void dataset_free(dataset *d);

/* Whether the task is generated, and so has no file. */
bool dataset_is_generated(const dataset_settings *settings);

/* The generated tasks (depth.c): text whose label needs as many steps of composition as the sample is deep; see
 * docs/depth-task.md. Difficulty is length, length says nothing of it, or something. */
typedef enum depth_task { DEPTH_LENGTH, DEPTH_FLAT, DEPTH_MIXED } depth_task;

/* How many names states and buttons have. */
typedef enum depth_names { DEPTH_NAMES_MANY, DEPTH_NAMES_ONE } depth_names;
extern const char *const DEPTH_NAMES[]; /* "many", "one", NULL */

/* The same settings give the same texts everywhere. With many names, groups are what counts of a text, the filler left out; of
 * the parts no two have a group in common, whatever the seeds. With one there are no groups. */
bool dataset_generate_depth(dataset *d, const dataset_settings *settings, depth_task task, portolan_error *err);
extern const char *const DEPTH_PARTS[]; /* "train", "dev", NULL */

/* The vocabulary of these tasks with such names, a token a line. free() it; NULL if memory is short. */
char *depth_vocabulary(int names);

/* ---- Tokenised samples (token_set.c) ---- */

/* The samples of a data set as a model reads them. */
typedef struct token_set {
    arena memory;
    uint32_t samples, classes;
    const char *const *class_names; /* [classes], NULL at the end */
    const char *classes_from;       /* who says so; static */
    uint32_t vocabulary;            /* tokens that the vocabulary has */
    const char *own_vocabulary;     /* its text, of a generated task without a file; NULL: it has a file */
    uint32_t longest;               /* tokens of the longest sample */
    uint32_t *lengths;              /* [samples] */
    size_t *first;                  /* [samples] where a sample begins in ids and segments */
    uint32_t *ids;
    uint8_t *segments;
    uint32_t *labels; /* [samples] */
    uint8_t *depths;  /* [samples]; NULL where unknown */
    uint64_t *groups; /* [samples], as of the data set; NULL: each sample is a group of its own */
    uint32_t *guids;  /* [samples] row of the data set that a sample is */
} token_set;

void token_set_free(token_set *set);

/* Takes a share of the samples out of `set`, drawn by `seed`, into `held`, which borrows the set's memory and is not freed
 * on its own. Groups stay together, so that the share may be missed by one of them. Both keep the order of the data set. At
 * least one sample stays, and a share above 0 takes at least one; of one group alone nothing can be taken: an error. */
bool token_set_hold_out(token_set *set, double share, uint64_t seed, token_set *held, portolan_error *err);

/* Gives a share of the samples, drawn by `seed`, another label than theirs, all other classes being equally likely: errors of
 * annotation, to see what they do. Returns how many were changed; none where there is one class. */
uint32_t token_set_mislabel(token_set *set, double share, uint64_t seed);

/* The text of the set's vocabulary, to be kept beside a model: its own, or that of the file `path`. free() the bytes. */
bool token_set_vocabulary(const token_set *set, const char *path, size_t limit, file_bytes *bytes, portolan_error *err);

/* What a model wants of the texts that it is to read. */
typedef struct token_wants {
    const char *model_path; /* vocab.txt beside it is the vocabulary where `vocab:` is absent */
    bool lowercase;
    uint32_t most;       /* tokens of a sample, besides max_tokens */
    text_mark most_mark; /* where that stands, for messages; without a file: unknown */
    uint64_t vocabulary; /* tokens that it knows */
    class_list classes;  /* what labels mean; zeroed: nobody says */
    uint64_t seed;       /* of generated samples, where `seed:` is absent */
} token_wants;

/* Reads the data set that `data` (a workload's `data:`) describes, and tokenises it for a model. A model with too few
 * positions for these texts is an error. Paths of the files read are returned in `paths` (data, vocabulary), owned by the
 * set. On failure `set` is left empty. */
bool token_set_load(token_set *set, const yaml_node *data, const token_wants *wants, const char *paths[2],
                    portolan_error *err);

#endif
