/* Outcome tables in CSV, as their makers write them: what a column holds is told by its name.
 *
 *   a row a sample and exit   Sample_ID,Exit,Confidence,Prediction,Label
 *   a row a sample            sample,label,tokens,exit3_p0,exit3_p1,exit6_p0,...[,v0,v1,...][,label_name]
 *
 * Columns stand in any order, rows too; what has no name that is known is left out, unless it looks like a slip. */
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/csv.h"
#include "base/elementary.h"
#include "base/files.h"
#include "base/numbers.h"
#include "utf8.h"
#include "workloads.h"

/* ---- Fields ---- */

/* A cursor over the text. */
typedef struct csv_cursor {
    const char *at, *end; /* unread text */
    const char *line_start;
    bool more;      /* a field of the line is still to come */
    text_mark mark; /* of the field last read */
    portolan_error *err;
} csv_cursor;

/* A field without its quotes and the blanks around it. Where it holds quotes, they stand twice in it. */
typedef struct csv_text {
    const char *text;
    size_t length;
    bool quoted;
} csv_text;

static bool fault(csv_cursor *c, csv_text f, const char *wanted) {
    return error_input(c->err, c->mark, "found '%.*s'; %s", (int)(f.length > 40 ? 40 : f.length), f.text, wanted);
}

static void start_line(csv_cursor *c) {
    c->line_start = c->at;
    c->more = true;
    c->mark.line++;
}

/* Where the quotes close that open before `from`; NULL: not in this line. */
static const char *closing_quote(const char *from, const char *stop) {
    for (; from < stop && *from != '\n'; from++) {
        if (*from != '"') continue;
        if (from + 1 == stop || from[1] != '"') return from;
        from++;
    }
    return NULL;
}

static bool is_blank(char ch) { return ch == ' ' || ch == '\t' || ch == '\r'; }

/* The next field of the line. The cursor then stands before the comma or the end of the line. */
static bool next_field(csv_cursor *c, csv_text *f) {
    static const char FEWER[] = "the line has fewer fields than the header",
                      QUOTES[] = "a quoted field ends with its quotes, in the same line";
    c->mark.column = (unsigned)(c->at - c->line_start) + 1;
    *f = (csv_text){.text = c->at};
    if (!c->more) return fault(c, *f, FEWER);
    while (c->at < c->end && is_blank(*c->at) && !(*c->at == '\r' && c->at + 1 < c->end && c->at[1] == '\n')) c->at++;
    f->text = c->at;
    if (c->at < c->end && *c->at == '"') {
        const char *close = closing_quote(c->at + 1, c->end);
        if (!close) return fault(c, *f, QUOTES);
        *f = (csv_text){c->at + 1, (size_t)(close - c->at - 1), true};
        c->at = close + 1;
        while (c->at < c->end && is_blank(*c->at)) c->at++;
        if (c->at < c->end && *c->at != ',' && *c->at != '\n') return fault(c, *f, QUOTES);
    } else {
        while (c->at < c->end && *c->at != ',' && *c->at != '\n') c->at++;
        f->length = (size_t)(c->at - f->text);
        while (f->length && is_blank(f->text[f->length - 1])) f->length--;
    }
    c->more = c->at < c->end && *c->at == ',';
    c->at += c->more;
    return true;
}

/* Steps over the line break, where the line has no field left. */
static bool end_line(csv_cursor *c) {
    csv_text extra;
    if (c->more) return next_field(c, &extra) && fault(c, extra, "the line has more fields than the header");
    if (c->at < c->end) c->at++;
    return true;
}

/* Steps over lines with nothing in them. */
static bool more_rows(csv_cursor *c) {
    for (;;) {
        const char *p = c->at;
        while (p < c->end && is_blank(*p)) p++;
        if (p == c->end) return false;
        if (*p != '\n') return true;
        c->at = p + 1;
        c->mark.line++;
    }
}

static bool decimal(csv_cursor *c, csv_text f, const double range[2], const char *wanted, double *x) {
    char text[64];
    if (!f.length || f.length >= sizeof text) return fault(c, f, wanted);
    memcpy(text, f.text, f.length);
    text[f.length] = '\0';
    return (number_parse(text, x) && *x >= range[0] && *x <= range[1]) || fault(c, f, wanted);
}

static bool whole(csv_cursor *c, csv_text f, double most, const char *wanted, uint32_t *n) {
    double x;
    if (!decimal(c, f, (double[]){0, most}, wanted, &x)) return false;
    if (x != floor(x)) return error_input(c->err, c->mark, "found %.9g; %s", x, wanted);
    *n = (uint32_t)x;
    return true;
}

/* ---- Columns ---- */

typedef enum column_kind {
    COLUMN_OTHER, /* left out */
    COLUMN_SAMPLE,
    COLUMN_LABEL,
    COLUMN_NAME, /* of the label */
    COLUMN_TOKENS,
    COLUMN_EXIT,
    COLUMN_CONFIDENCE, /* from here on of an exit: the row's, or the column's own */
    COLUMN_PREDICTION,
    COLUMN_RIGHT, /* 1: the prediction is the label */
    COLUMN_PROBABILITY,
    COLUMN_LOGIT,
    COLUMN_V,
    COLUMN_KINDS
} column_kind;

typedef struct column {
    column_kind kind;
    uint32_t exit;  /* as it is called; in a row a sample */
    uint32_t index; /* class, or element of v */
} column;

/* The columns of a table. */
typedef struct layout {
    column *columns;
    size_t count, room;
    size_t of[COLUMN_KINDS]; /* how many of each kind */
    uint32_t exits, first, classes, v_size;
    uint32_t called
        [OUTCOME_MAX_EXITS]; /* [exits] as they are called, ascending; `first` is the least an exit may be called */
    uint8_t at[OUTCOME_MAX_EXITS + 1]; /* exit of a name, from 1; 0: none */
} layout;

static bool is_name(csv_text f, const char *name) {
    return strlen(name) == f.length && strncasecmp(f.text, name, f.length) == 0;
}

static bool is_one_of(csv_text f, const char *const *names) {
    for (; *names; names++)
        if (is_name(f, *names)) return true;
    return false;
}

/* A whole number in the text from `at` on; where it ends. NULL: there is none below a million. */
static const char *digits(const char *at, const char *stop, uint32_t *n) {
    const char *from = at;
    for (*n = 0; at < stop && isdigit((unsigned char)*at) && at - from < 6; at++) *n = *n * 10 + (uint32_t)(*at - '0');
    return at == from || (at < stop && isdigit((unsigned char)*at)) ? NULL : at;
}

/* What follows the number in "exit7_p0", "exit7_logit0", "exit7_confidence", "exit7_prediction", "exit7_correct", "exit7". */
static bool exit_quantity(csv_text rest, column *into) {
    static const struct {
        const char *name;
        column_kind kind;
        bool numbered;
    } QUANTITIES[] = {{"_p", COLUMN_PROBABILITY, true},    {"_prob", COLUMN_PROBABILITY, true},
                      {"_logit", COLUMN_LOGIT, true},      {"_confidence", COLUMN_CONFIDENCE, false},
                      {"_conf", COLUMN_CONFIDENCE, false}, {"_prediction", COLUMN_PREDICTION, false},
                      {"_pred", COLUMN_PREDICTION, false}, {"_correct", COLUMN_RIGHT, false},
                      {"_right", COLUMN_RIGHT, false},     {"", COLUMN_RIGHT, false}};
    for (size_t i = 0; i < sizeof QUANTITIES / sizeof *QUANTITIES; i++) {
        size_t length = strlen(QUANTITIES[i].name);
        if (rest.length < length || strncasecmp(rest.text, QUANTITIES[i].name, length) != 0) continue;
        const char *tail = rest.text + length, *stop = rest.text + rest.length;
        if (QUANTITIES[i].numbered ? digits(tail, stop, &into->index) != stop : tail != stop) continue;
        into->kind = QUANTITIES[i].kind;
        return into->index < OUTCOME_MAX_CLASSES;
    }
    return false;
}

static bool wrong_column(csv_cursor *c, csv_text f) {
    return fault(
        c, f,
        "columns of exits are called exitN_p0, exitN_p1, ... (or exitN_logit0, ...), exitN_confidence, "
        "exitN_prediction, exitN_correct or exitN, for each layer N up to 64 with an exit; those of a representation "
        "v0, v1, ...");
}

/* What the column called `f` holds. */
static bool recognise(csv_cursor *c, csv_text f, column *into) {
    static const char *const SAMPLE[] = {"sample", "sample_id", NULL}, *const LABEL[] = {"label", "true_label", NULL},
                             *const NAME[] = {"label_name", NULL}, *const TOKENS[] = {"tokens", "n_tokens", NULL},
                             *const EXIT[] = {"exit", "exit_id", NULL},
                             *const CONFIDENCE[] = {"confidence", "conf", NULL},
                             *const PREDICTION[] = {"prediction", "pred", NULL},
                             *const RIGHT[] = {"correct", "right", NULL};
    static const char *const *const NAMES[COLUMN_KINDS] = {
        [COLUMN_SAMPLE] = SAMPLE, [COLUMN_LABEL] = LABEL,
        [COLUMN_NAME] = NAME,     [COLUMN_TOKENS] = TOKENS,
        [COLUMN_EXIT] = EXIT,     [COLUMN_CONFIDENCE] = CONFIDENCE,
        [COLUMN_RIGHT] = RIGHT,   [COLUMN_PREDICTION] = PREDICTION,
    };
    *into = (column){.kind = COLUMN_OTHER};
    for (int k = 0; k < COLUMN_KINDS; k++)
        if (NAMES[k] && is_one_of(f, NAMES[k])) into->kind = (column_kind)k;
    if (into->kind) return true;
    const char *stop = f.text + f.length, *rest;
    if (f.length > 4 && strncasecmp(f.text, "exit", 4) == 0) {
        rest = digits(f.text + 4, stop, &into->exit);
        if (!rest) return f.text[4] == '_' || wrong_column(c, f);
        return (into->exit <= OUTCOME_MAX_EXITS &&
                exit_quantity((csv_text){rest, (size_t)(stop - rest), false}, into)) ||
               wrong_column(c, f);
    }
    if (f.length > 1 && tolower((unsigned char)*f.text) == 'v' && digits(f.text + 1, stop, &into->index) == stop)
        into->kind = COLUMN_V;
    return true;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Exits in the order of their names. */
static void order_exits(layout *l) {
    qsort(l->called, l->exits, sizeof *l->called, ascending);
    l->first = l->exits && l->called[0] == 0 ? 0 : 1;
    for (uint32_t e = 0; e < l->exits; e++) l->at[l->called[e]] = (uint8_t)(e + 1);
}

static bool note_column(csv_cursor *c, layout *l, column added, csv_text f) {
    if (!ARRAY_RESERVE(l->columns, l->room, l->count + 1, c->err)) return false;
    bool of_exit = added.kind >= COLUMN_CONFIDENCE && added.kind < COLUMN_V && !is_name(f, "confidence");
    bool numbered = added.kind == COLUMN_V || (of_exit && strncasecmp(f.text, "exit", 4) == 0);
    if (added.kind && !numbered && l->of[added.kind]) return fault(c, f, "the table has such a column already");
    for (size_t i = 0; numbered && i < l->count; i++)
        if (l->columns[i].kind == added.kind && l->columns[i].exit == added.exit && l->columns[i].index == added.index)
            return fault(c, f, "the table has such a column already");
    l->columns[l->count++] = added;
    l->of[added.kind]++;
    if (added.kind == COLUMN_V && added.index >= l->v_size) l->v_size = added.index + 1;
    if ((added.kind == COLUMN_PROBABILITY || added.kind == COLUMN_LOGIT) && added.index >= l->classes)
        l->classes = added.index + 1;
    if (!numbered || added.kind == COLUMN_V || l->at[added.exit]) return true;
    if (l->exits == OUTCOME_MAX_EXITS) return fault(c, f, "a table has at most 64 exits");
    l->at[added.exit] = 1;
    l->called[l->exits++] = added.exit;
    return true;
}

static bool read_header(csv_cursor *c, layout *l) {
    start_line(c);
    while (c->more) {
        csv_text f;
        column added;
        if (!next_field(c, &f) || !recognise(c, f, &added) || !note_column(c, l, added, f)) return false;
    }
    order_exits(l);
    return end_line(c);
}

/* ---- Whether the columns make a table ---- */

static bool not_a_table(const csv_cursor *c, const char *why) {
    return error_input(c->err, (text_mark){c->mark.file, 1, 1},
                       "not an outcome table: %s; a row a sample and exit has the columns Sample_ID, Exit, Confidence, "
                       "Prediction, Label, a row a sample the columns label and exitN_p0, exitN_p1, ... for each exit",
                       why);
}

static bool check_long(const csv_cursor *c, const layout *l) {
    if (l->exits) return not_a_table(c, "it has a column Exit and columns of single exits");
    if (!l->of[COLUMN_SAMPLE])
        return not_a_table(c, "it has a column Exit, but none that says whose row it is (Sample_ID)");
    if (!l->of[COLUMN_PREDICTION] && !l->of[COLUMN_RIGHT]) return not_a_table(c, "what exits predict is not in it");
    return l->of[COLUMN_LABEL] || l->of[COLUMN_RIGHT] || not_a_table(c, "what is right is not in it (Label)");
}

/* Each exit has all of what any has, of probabilities every class's. */
static bool check_wide(const csv_cursor *c, const layout *l) {
    size_t p = l->of[COLUMN_PROBABILITY], logits = l->of[COLUMN_LOGIT], predictions = l->of[COLUMN_PREDICTION],
           right = l->of[COLUMN_RIGHT], confidences = l->of[COLUMN_CONFIDENCE];
    char why[160];
    if (!l->exits) return not_a_table(c, "it has no columns of exits");
    if (!l->first && l->called[l->exits - 1] == OUTCOME_MAX_EXITS)
        return not_a_table(c, "its exits are called 0 to 64, which is one too many");
    if (p && logits) return not_a_table(c, "it has probabilities and logits, where one of them is wanted");
    if (p + logits && (l->classes < 2 || p + logits != (size_t)l->exits * l->classes)) {
        snprintf(why, sizeof why, "of its %u exits with up to %u classes %zu columns of %s are there, not %zu",
                 l->exits, l->classes, p + logits, p ? "probabilities" : "logits",
                 (size_t)l->exits * (l->classes < 2 ? 2 : l->classes));
        return not_a_table(c, why);
    }
    if (!(p + logits) && !predictions && !right) return not_a_table(c, "what exits predict is not in it");
    if ((predictions && predictions != l->exits) || (right && right != l->exits) ||
        (confidences && confidences != l->exits))
        return not_a_table(c, "some exits lack what others have");
    if (!l->of[COLUMN_LABEL] && !right) return not_a_table(c, "what is right is not in it (label)");
    if (l->of[COLUMN_V] != l->v_size) return not_a_table(c, "of v0, v1, ... some are missing");
    return true;
}

/* ---- Rows ---- */

/* What a row says but for probabilities and v. */
typedef struct row {
    uint32_t sample, label, tokens, exit, line;
    uint32_t prediction[OUTCOME_MAX_EXITS];
    double confidence[OUTCOME_MAX_EXITS];
} row;

static const char CLASS[] = "a class is a whole number from 0 to 999";

/* Reads a field into the row; `wide` (may be NULL) takes its probabilities or logits [exits][classes], `v` its
 * representation. */
static bool read_field(csv_cursor *c, const layout *l, const column *is, row *r, double *wide, double *v) {
    csv_text f;
    if (!next_field(c, &f)) return false;
    uint32_t e = l->exits ? l->at[is->exit] - 1u : 0;
    switch (is->kind) {
    case COLUMN_SAMPLE: return whole(c, f, UINT_MAX - 1, "a sample's number is a whole number from 0", &r->sample);
    case COLUMN_LABEL: return whole(c, f, OUTCOME_MAX_CLASSES - 1, CLASS, &r->label);
    case COLUMN_TOKENS:
        return whole(c, f, 1e6, "a token count is a whole number from 1 to 1000000", &r->tokens) &&
               (r->tokens || error_input(c->err, c->mark, "a sample has at least one token, found 0"));
    case COLUMN_EXIT:
        return whole(c, f, OUTCOME_MAX_EXITS, "an exit's number is a whole number from 0 or 1 to 64", &r->exit);
    case COLUMN_CONFIDENCE:
        if (!f.length) {
            r->confidence[e] = NAN;
            return true;
        }
        return decimal(c, f, (double[]){0, 1}, "a confidence is a number from 0 to 1, or nothing", &r->confidence[e]);
    case COLUMN_PREDICTION: return whole(c, f, OUTCOME_MAX_CLASSES - 1, CLASS, &r->prediction[e]);
    case COLUMN_RIGHT: return whole(c, f, 1, "whether an exit is right is 1 or 0", &r->prediction[e]);
    case COLUMN_PROBABILITY:
        return decimal(c, f, (double[]){0, 1}, "a probability is a number from 0 to 1",
                       &wide[e * l->classes + is->index]);
    case COLUMN_LOGIT:
        return decimal(c, f, (double[]){-1e30, 1e30}, "a logit is a number", &wide[e * l->classes + is->index]);
    case COLUMN_V:
        return decimal(c, f, (double[]){-1e30, 1e30}, "a representation's element is a number", &v[is->index]);
    default: return true;
    }
}

/* Where the table says only whether exits are right: label 1 if there is none, and the other class where they are wrong. */
static void predict_from_right(const layout *l, row *r, uint32_t exits) {
    if (l->of[COLUMN_PREDICTION]) return;
    if (!l->of[COLUMN_LABEL]) r->label = 1;
    for (uint32_t e = 0; e < exits; e++)
        if (l->of[COLUMN_RIGHT]) r->prediction[e] = r->prediction[e] ? r->label : r->label == 0;
}

static void start_row(csv_cursor *c, row *r, uint32_t number) {
    start_line(c);
    r->sample = number;
    r->label = r->tokens = r->exit = 0;
    r->line = c->mark.line;
}

static size_t count_lines(const csv_cursor *c) {
    size_t lines = 1;
    for (const char *p = c->at; p < c->end; p++) lines += *p == '\n';
    return lines;
}

/* ---- Names of labels ---- */

static bool copy_name(csv_cursor *c, csv_text f, char name[CLASS_NAME_BYTES + 1]) {
    size_t length = 0;
    for (size_t i = 0; i < f.length && length < CLASS_NAME_BYTES; i++) {
        i += f.quoted && f.text[i] == '"'; /* stands twice */
        name[length++] = f.text[i];
    }
    name[length] = '\0';
    bool fits = length < CLASS_NAME_BYTES || f.length <= CLASS_NAME_BYTES;
    return (fits && (!length || class_name_is_plain(name, length)) && utf8_good(name, length) == length) ||
           fault(c, f, "a label's name is UTF-8 of at most 200 bytes without control characters");
}

/* Notes what the table calls a class: always the same, and no two alike. An empty name is none. */
static bool note_name(outcome_table *t, csv_cursor *c, csv_text f, text_mark mark, uint32_t label) {
    char name[CLASS_NAME_BYTES + 1];
    const char **names = (const char **)t->class_names;
    c->mark = mark;
    if (!copy_name(c, f, name)) return false;
    if (names[label] && strcmp(names[label], name) != 0)
        return error_input(c->err, mark, "label %u is called '%s' here and '%s' before", label, name, names[label]);
    if (names[label] || !*name) return true;
    for (uint32_t k = 0; k < OUTCOME_MAX_CLASSES; k++)
        if (names[k] && strcmp(names[k], name) == 0)
            return error_input(c->err, mark, "labels %u and %u are both called '%s'", k, label, name);
    names[label] = arena_text(&t->memory, name, strlen(name));
    return names[label] || error_memory(c->err, sizeof name);
}

/* ---- A row a sample ---- */

/* A row as it came. */
typedef struct sample_row {
    uint32_t number, line, place;
} sample_row;

/* What reading such a table needs beside it. */
typedef struct wide_reader {
    outcome_table *t;
    csv_cursor *c;
    const layout *l;
    sample_row *rows; /* [samples] */
} wide_reader;

static void softmax_row(double *p, uint32_t classes) {
    double most = p[0], sum = 0;
    for (uint32_t k = 1; k < classes; k++) most = fmax(most, p[k]);
    for (uint32_t k = 0; k < classes; k++) sum += p[k] = portable_exp(p[k] - most);
    for (uint32_t k = 0; k < classes; k++) p[k] /= sum;
}

static bool conclude_exits(const wide_reader *w, uint32_t i, double *p) {
    outcome_table *t = w->t;
    for (uint32_t e = 0; e < t->exits; e++, p += t->classes) {
        double sum = 0;
        if (w->l->of[COLUMN_LOGIT]) softmax_row(p, t->classes);
        for (uint32_t k = 0; k < t->classes; k++) sum += p[k];
        if (fabs(sum - 1) > 1e-3)
            return error_input(w->c->err, w->c->mark, "the probabilities of exit %u sum to %.6g, not to 1",
                               w->l->called[e], sum);
        outcome_table_conclude(t, i, e);
    }
    return true;
}

/* The fields of the row; that of the label's name is kept, since its label may come later. */
static bool read_fields(const wide_reader *w, row *r, double *p, double *v, csv_text *name, text_mark *name_mark) {
    for (size_t i = 0; i < w->l->count; i++) {
        const column *is = &w->l->columns[i];
        bool ok = is->kind == COLUMN_NAME ? next_field(w->c, name) : read_field(w->c, w->l, is, r, p, v);
        if (!ok) return false;
        if (is->kind == COLUMN_NAME) *name_mark = w->c->mark;
    }
    return true;
}

static bool read_wide_row(const wide_reader *w, uint32_t i) {
    outcome_table *t = w->t;
    row r;
    csv_text name = {0};
    text_mark name_mark = {0};
    double *p = t->probabilities ? t->probabilities + (size_t)i * t->exits * t->classes : NULL;
    double *v = t->v ? t->v + (size_t)i * t->v_size : NULL;
    start_row(w->c, &r, i);
    for (uint32_t e = 0; e < t->exits; e++) r.confidence[e] = NAN;
    if (!read_fields(w, &r, p, v, &name, &name_mark)) return false;
    w->rows[i] = (sample_row){r.sample, r.line, i};
    if (!p) predict_from_right(w->l, &r, t->exits);
    if (p && r.label >= t->classes)
        return error_input(w->c->err, (text_mark){w->c->mark.file, r.line, 1},
                           "sample %u has label %u; the table has probabilities of %u classes", r.sample, r.label,
                           t->classes);
    t->labels[i] = r.label;
    if (t->tokens) t->tokens[i] = r.tokens;
    for (uint32_t e = 0; !p && e < t->exits; e++) {
        t->confidences[(size_t)i * t->exits + e] = r.confidence[e];
        t->predictions[(size_t)i * t->exits + e] = (uint16_t)r.prediction[e];
    }
    return (!p || conclude_exits(w, i, p)) && (!t->class_names || note_name(t, w->c, name, name_mark, r.label)) &&
           end_line(w->c);
}

/* Lays the items of an array, `bytes` each, out in the order of the rows. */
static bool arrange(const wide_reader *w, void *items, size_t bytes) {
    uint32_t count = w->t->samples;
    if (!items || !bytes) return true;
    char *copy = malloc(bytes * count);
    if (!copy) return error_memory(w->c->err, bytes * count);
    memcpy(copy, items, bytes * count);
    for (uint32_t i = 0; i < count; i++) memcpy((char *)items + i * bytes, copy + w->rows[i].place * bytes, bytes);
    free(copy);
    return true;
}

static int by_number(const void *a, const void *b) {
    const sample_row *x = a, *y = b;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static bool is_in_order(const wide_reader *w) {
    for (uint32_t i = 1; i < w->t->samples; i++)
        if (w->rows[i].number <= w->rows[i - 1].number) return false;
    return true;
}

/* Samples in the order of their numbers, none of which stands twice. */
static bool sort_samples(const wide_reader *w) {
    outcome_table *t = w->t;
    if (is_in_order(w)) return true;
    qsort(w->rows, t->samples, sizeof *w->rows, by_number);
    for (uint32_t i = 1; i < t->samples; i++)
        if (w->rows[i].number == w->rows[i - 1].number)
            return error_input(w->c->err, (text_mark){w->c->mark.file, w->rows[i].line, 1},
                               "sample %u stands twice; it was first at line %u", w->rows[i].number,
                               w->rows[i - 1].line);
    return arrange(w, t->labels, sizeof *t->labels) && arrange(w, t->tokens, sizeof *t->tokens) &&
           arrange(w, t->confidences, t->exits * sizeof *t->confidences) &&
           arrange(w, t->predictions, t->exits * sizeof *t->predictions) &&
           arrange(w, t->probabilities, (size_t)t->exits * t->classes * sizeof *t->probabilities) &&
           arrange(w, t->v, t->v_size * sizeof *t->v);
}

/* Classes of a table without probabilities: as many as are named, two at least. */
static void count_classes(outcome_table *t) {
    t->classes = 2;
    for (uint32_t i = 0; i < t->samples; i++)
        if (t->labels[i] >= t->classes) t->classes = t->labels[i] + 1;
    for (size_t k = 0; k < (size_t)t->samples * t->exits; k++)
        if (t->predictions[k] >= t->classes) t->classes = t->predictions[k] + 1u;
}

static bool allocate_wide(outcome_table *t, const layout *l, size_t rows, portolan_error *err) {
    uint32_t layers[OUTCOME_MAX_EXITS];
    for (uint32_t e = 0; e < l->exits; e++) layers[e] = l->called[e] + 1 - l->first;
    const outcome_shape shape = {rows, l->classes, l->exits, layers, l->classes > 0, false};
    if (!outcome_table_allocate(t, &shape, err)) return false;
    t->v_size = l->v_size;
    if (l->of[COLUMN_TOKENS]) t->tokens = arena_alloc(&t->memory, rows, sizeof *t->tokens);
    if (l->v_size) t->v = arena_alloc(&t->memory, rows * l->v_size, sizeof *t->v);
    if (l->of[COLUMN_NAME]) {
        t->classes_from = "the table";
        t->class_names = arena_alloc(&t->memory, OUTCOME_MAX_CLASSES + 1, sizeof *t->class_names);
    }
    return ((t->tokens || !l->of[COLUMN_TOKENS]) && (t->v || !l->v_size) && (t->class_names || !l->of[COLUMN_NAME])) ||
           error_memory(err, rows * (4 + 8 * l->v_size));
}

static bool read_wide_rows(const wide_reader *w) {
    uint32_t n = 0;
    while (more_rows(w->c))
        if (!read_wide_row(w, n++)) return false;
    if (!n) return error_input(w->c->err, w->c->mark, "the table has no rows");
    w->t->samples = n;
    if (!w->l->classes) count_classes(w->t);
    return sort_samples(w);
}

static bool read_wide(outcome_table *t, csv_cursor *c, const layout *l) {
    size_t rows = count_lines(c);
    if (rows > UINT_MAX / 2) return error_input(c->err, c->mark, "the table has %zu rows of samples", rows);
    if (!check_wide(c, l) || !allocate_wide(t, l, rows, c->err)) return false;
    wide_reader w = {t, c, l, malloc(rows * sizeof *w.rows)};
    bool ok = (w.rows || error_memory(c->err, rows * sizeof *w.rows)) && read_wide_rows(&w);
    free(w.rows);
    return ok;
}

/* ---- A row a sample and exit ---- */

typedef struct cell {
    uint32_t sample, exit, prediction, label, tokens, line;
    double confidence;
} cell;

static int by_sample_and_exit(const void *a, const void *b) {
    const cell *x = a, *y = b;
    if (x->sample != y->sample) return x->sample < y->sample ? -1 : 1;
    if (x->exit != y->exit) return x->exit < y->exit ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static bool read_cell(csv_cursor *c, const layout *l, cell *into) {
    row r = {.confidence = {NAN}};
    start_row(c, &r, 0);
    for (size_t i = 0; i < l->count; i++)
        if (!read_field(c, l, &l->columns[i], &r, NULL, NULL)) return false;
    predict_from_right(l, &r, 1);
    *into = (cell){r.sample, r.exit, r.prediction[0], r.label, r.tokens, r.line, r.confidence[0]};
    return end_line(c);
}

/* Sorted cells must be complete: every sample has each exit once, one label and one token count. */
static bool check_cells(const csv_cursor *c, const cell *cells, size_t count, uint32_t exits, uint32_t first) {
    for (size_t i = 0; i < count; i++) {
        const cell *is = &cells[i], *begin = &cells[i - i % exits];
        text_mark mark = {c->mark.file, is->line, 1};
        if (i && is->sample == cells[i - 1].sample && is->exit == cells[i - 1].exit)
            return error_input(c->err, mark, "sample %u exit %u stands twice; it was first at line %u", is->sample,
                               is->exit, cells[i - 1].line);
        if (is->exit - first != i % exits || is->sample != begin->sample)
            return error_input(c->err, mark, "sample %u lacks exit %zu; every sample needs exits %u to %u",
                               begin->sample, i % exits + first, first, exits - 1 + first);
        if (is->label != begin->label || is->tokens != begin->tokens)
            return error_input(c->err, mark, "sample %u has %s %u here and %u at line %u", is->sample,
                               is->label != begin->label ? "label" : "a token count of",
                               is->label != begin->label ? is->label : is->tokens,
                               is->label != begin->label ? begin->label : begin->tokens, begin->line);
    }
    if (count % exits)
        return error_input(c->err, (text_mark){c->mark.file, cells[count - 1].line, 1},
                           "sample %u lacks exit %zu; every sample needs exits %u to %u", cells[count - 1].sample,
                           count % exits + first, first, exits - 1 + first);
    return true;
}

static bool fill_from_cells(outcome_table *t, csv_cursor *c, const layout *l, cell *cells, size_t count) {
    if (!count) return error_input(c->err, c->mark, "the table has no rows");
    qsort(cells, count, sizeof *cells, by_sample_and_exit);
    uint32_t first = UINT_MAX, last = 0, layers[OUTCOME_MAX_EXITS];
    for (size_t i = 0; i < count; i++) {
        if (cells[i].exit < first) first = cells[i].exit;
        if (cells[i].exit > last) last = cells[i].exit;
    }
    if (first > 1) first = 0;
    uint32_t exits = last - first + 1;
    if (exits > OUTCOME_MAX_EXITS)
        return error_input(c->err, c->mark, "exits are numbered from 0 to %u; a table has at most 64", last);
    for (uint32_t e = 0; e < exits; e++) layers[e] = e + 1;
    if (!check_cells(c, cells, count, exits, first) ||
        !outcome_table_allocate(t, &(outcome_shape){count / exits, 2, exits, layers, false, false}, c->err))
        return false;
    if (l->of[COLUMN_TOKENS] && !(t->tokens = arena_alloc(&t->memory, t->samples, sizeof *t->tokens)))
        return error_memory(c->err, t->samples * sizeof *t->tokens);
    for (size_t i = 0; i < count; i++) {
        t->labels[i / exits] = cells[i].label;
        if (t->tokens) t->tokens[i / exits] = cells[i].tokens;
        t->confidences[i] = cells[i].confidence;
        t->predictions[i] = (uint16_t)cells[i].prediction;
    }
    count_classes(t);
    return true;
}

static bool read_long(outcome_table *t, csv_cursor *c, const layout *l) {
    size_t room = count_lines(c), count = 0;
    if (!check_long(c, l)) return false;
    cell *cells = malloc(room * sizeof *cells);
    if (!cells) return error_memory(c->err, room * sizeof *cells);
    bool ok = true;
    while (ok && more_rows(c)) ok = read_cell(c, l, &cells[count++]);
    ok = ok && fill_from_cells(t, c, l, cells, count);
    free(cells);
    return ok;
}

/* ---- Reading and writing ---- */

bool outcome_table_parse(outcome_table *t, const char *name, const char *text, size_t length, portolan_error *err) {
    layout l = {0};
    *t = (outcome_table){0};
    csv_cursor c = {.at = text, .end = text + length, .mark = {name, 0, 1}, .err = err};
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) c.at += 3; /* a byte-order mark */
    bool ok = read_header(&c, &l) && (l.of[COLUMN_EXIT] ? read_long(t, &c, &l) : read_wide(t, &c, &l));
    for (size_t k = 0; ok && !t->probabilities && k < (size_t)t->samples * t->exits; k++)
        t->lacks_confidence |= isnan(t->confidences[k]);
    free(l.columns);
    if (!ok) outcome_table_free(t);
    return ok;
}

bool outcome_table_load(outcome_table *t, const char *path, portolan_error *err) {
    file_bytes bytes;
    *t = (outcome_table){0};
    if (!file_read(path, (size_t)4 << 30, &bytes, err)) return false;
    bool ok = outcome_table_parse(t, path, bytes.data, bytes.length, err);
    free(bytes.data);
    return ok;
}

void outcome_table_write(const outcome_table *t, FILE *out) {
    fputs("sample,label,tokens", out);
    for (uint32_t e = 0; e < t->exits; e++)
        for (uint32_t c = 0; c < t->classes; c++) fprintf(out, ",exit%u_p%u", t->exit_layer[e], c);
    for (uint32_t k = 0; k < t->v_size; k++) fprintf(out, ",v%u", k);
    if (t->class_names) fputs(",label_name", out);
    fputc('\n', out);
    for (uint32_t i = 0; i < t->samples; i++) {
        fprintf(out, "%u,%u,%u", i, t->labels[i], t->tokens[i]);
        const double *p = outcome_probabilities(t, i, 0);
        for (size_t k = 0; k < (size_t)t->exits * t->classes; k++) fprintf(out, ",%.17g", p[k]);
        for (uint32_t k = 0; k < t->v_size; k++) fprintf(out, ",%.17g", t->v[(size_t)i * t->v_size + k]);
        if (t->class_names) {
            fputc(',', out);
            csv_put(out, t->class_names[t->labels[i]]);
        }
        fputc('\n', out);
    }
}
