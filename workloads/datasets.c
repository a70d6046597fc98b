/* Data sets: the tasks of GLUE (Wang et al., ICLR 2019) and SNLI (Bowman et al., EMNLP 2015) in their
 * official files, and files with named columns.
 *
 * In TSV a quote is a character like any other, and there is no way to write a tab or a line break into a
 * field. Rows without a gold label ("-" in MNLI and SNLI) are left out, and so are the few of QQP's official
 * training file that a line break has cut short. What labels mean is told in dataset_labels.c. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/text.h"
#include "dataset_rows.h"

/* ---- Tables ---- */

const char *const DATASET_TASKS[] = {"sst2", "cola", "rte",   "mrpc",  "qnli",       "mnli",        "qqp",
                                     "snli", "tsv",  "jsonl", "depth", "depth-flat", "depth-mixed", NULL};

typedef enum task_number {
    SST2,
    COLA,
    RTE,
    MRPC,
    QNLI,
    MNLI,
    QQP,
    SNLI,
    TSV,
    JSONL,
    TASKS /* those with files; then the generated ones, as depth_task has them */
} task_number;

static const char *const SENTIMENT[] = {"negative", "positive", NULL};
static const char *const ACCEPTABILITY[] = {"unacceptable", "acceptable", NULL};
static const char *const TWO_WAY[] = {"entailment", "not_entailment", NULL};
static const char *const THREE_WAY[] = {"entailment", "neutral", "contradiction", NULL};
static const char *const EQUIVALENCE[] = {"not_equivalent", "equivalent", NULL};
static const char *const DUPLICATION[] = {"not_duplicate", "duplicate", NULL};

/* The order of classes is that of Hugging Face's GLUE and SNLI, and so of most fine-tuned models. */
static const dataset_task TASK_TABLE[TASKS] = {
    [SST2] = {"sentence", NULL, "label", SENTIMENT, .metric = METRIC_ACCURACY},
    [COLA] = {"sentence", NULL, "label", ACCEPTABILITY, .metric = METRIC_MATTHEWS, .headless = true},
    [RTE] = {"sentence1", "sentence2", "label", TWO_WAY, .metric = METRIC_ACCURACY},
    [MRPC] = {"#1 String", "#2 String", "Quality", EQUIVALENCE, .metric = METRIC_F1},
    [QNLI] = {"question", "sentence", "label", TWO_WAY, .metric = METRIC_ACCURACY},
    [MNLI] = {"sentence1", "sentence2", "gold_label", THREE_WAY, .metric = METRIC_ACCURACY, .unsettled = true},
    [QQP] = {"question1", "question2", "is_duplicate", DUPLICATION, .metric = METRIC_F1, .broken = true},
    [SNLI] = {"sentence1", "sentence2", "gold_label", THREE_WAY, .metric = METRIC_ACCURACY, .unsettled = true},
    [TSV] = {"text_a", "text_b", "label", NULL, .metric = METRIC_ACCURACY},
    [JSONL] = {"text_a", "text_b", "label", NULL, .metric = METRIC_ACCURACY},
};

static const char *const COLUMNS_WITHOUT_HEADER[] = {"source", "label", "star", "sentence", NULL};

const yaml_field DATASET_FIELDS[] = {
    {"task", FIELD_CHOICE, offsetof(dataset_settings, task),
     .doc = "the data set's task, which says how its file is read; tsv and jsonl: a file with named columns; depth, "
            "depth-flat and depth-mixed: generated",
     .required = true, .choices = DATASET_TASKS},
    {"file", FIELD_TEXT, offsetof(dataset_settings, file),
     .doc = "the file: official TSV; .json: {id: {text_a, text_b, label}}; .jsonl: an object a line; generated tasks "
            "have none"},
    {"vocab", FIELD_TEXT, offsetof(dataset_settings, vocab),
     .doc = "WordPiece vocabulary, a token a line; by default vocab.txt beside the model"},
    {"max_tokens", FIELD_COUNT, offsetof(dataset_settings, max_tokens),
     .doc = "longer texts are cut to so many tokens, [CLS] and [SEP] included; pairs need 5", .fallback = "128",
     .least = 3, .most = 100000},
    {"text_a", FIELD_TEXT, offsetof(dataset_settings, text_a),
     .doc = "tsv, jsonl: column of the text; text_a if not given"},
    {"text_b", FIELD_TEXT, offsetof(dataset_settings, text_b),
     .doc = "tsv, jsonl: column of the second text of a pair; text_b, where there is one, if not given"},
    {"label", FIELD_TEXT, offsetof(dataset_settings, label),
     .doc = "tsv, jsonl: column of the label, a whole number from 0 or a word; label if not given"},
    {"samples", FIELD_COUNT, offsetof(dataset_settings, samples), .doc = "generated tasks: how many samples",
     .fallback = "10000", .least = 1, .most = 10e6},
    {"seed", FIELD_COUNT, offsetof(dataset_settings, data_seed),
     .doc = "generated tasks: seed of the samples; by default that of a training file, elsewhere 1"},
    {"part", FIELD_CHOICE, offsetof(dataset_settings, part),
     .doc = "generated tasks: train or dev, which have nothing that counts in common where names are many",
     .fallback = "train", .choices = DEPTH_PARTS},
    {"names", FIELD_CHOICE, offsetof(dataset_settings, names),
     .doc =
         "generated tasks: many names for each state (16) and button (32), or one, of which shallow texts are in both "
         "parts",
     .fallback = "many", .choices = DEPTH_NAMES},
    {0},
};

/* ---- TSV ---- */

/* Unread lines. */
typedef struct line_cursor {
    const char *at, *end;
    text_mark mark; /* of the line last read */
} line_cursor;

/* Where the columns stand in a line, and how many there are. */
typedef struct tsv_layout {
    size_t places[COLUMNS], count;
} tsv_layout;

static bool next_line(line_cursor *c, field *line) {
    if (c->at >= c->end) return false;
    const char *stop = memchr(c->at, '\n', (size_t)(c->end - c->at));
    if (!stop) stop = c->end;
    c->mark.line++;
    *line = (field){c->at, (size_t)(stop - c->at), c->mark};
    if (line->length && line->at[line->length - 1] == '\r') line->length--;
    c->at = stop < c->end ? stop + 1 : c->end;
    return true;
}

/* The next field of a line, which it is taken from; the first call wants *rest to be the whole line. */
static bool next_field(field *rest, field *f) {
    if (!rest->at) return false;
    const char *tab = memchr(rest->at, '\t', rest->length);
    *f = *rest;
    if (!tab) {
        rest->at = NULL;
        return true;
    }
    f->length = (size_t)(tab - rest->at);
    rest->at = tab + 1;
    rest->length -= f->length + 1;
    rest->mark.column += (unsigned)f->length + 1;
    return true;
}

enum { MAX_COLUMNS = 1000 };

/* Finds the columns among `names`. */
static bool lay_out(row_reader *r, tsv_layout *layout, text_mark mark, const char *const *names) {
    for (int k = 0; k < COLUMNS; k++) {
        layout->places[k] = layout->count;
        if (!r->columns[k]) continue;
        for (size_t i = 0; i < layout->count; i++) {
            if (strcmp(names[i], r->columns[k]) != 0) continue;
            if (layout->places[k] < layout->count)
                return error_input(r->err, mark, "the column '%.100s' stands twice", names[i]);
            layout->places[k] = i;
        }
        if (layout->places[k] < layout->count) continue;
        if (k != COLUMN_B || !r->b_if_there) return rows_no_column(r, mark, "column", r->columns[k], names);
        r->columns[k] = NULL;
    }
    return true;
}

static bool read_header(row_reader *r, line_cursor *c, tsv_layout *layout) {
    const char *names[MAX_COLUMNS + 1] = {0};
    field line = {0}, f;
    arena memory = {0};
    bool ok = true;
    next_line(c, &line);
    for (field rest = line; ok && next_field(&rest, &f); layout->count++) {
        if (layout->count == MAX_COLUMNS)
            ok = error_input(r->err, f.mark, "the header has more than %d columns", MAX_COLUMNS);
        else if (!(names[layout->count] = arena_text(&memory, f.at, f.length)))
            ok = error_memory(r->err, f.length + 1);
    }
    ok = ok && lay_out(r, layout, line.mark, names);
    arena_free(&memory);
    return ok;
}

static bool read_row(row_reader *r, const tsv_layout *layout, const field *line) {
    field fields[COLUMNS] = {0}, f, rest = *line;
    bool too_few = false;
    for (size_t i = 0; i < layout->count && next_field(&rest, &f); i++)
        for (int k = 0; k < COLUMNS; k++)
            if (layout->places[k] == i) fields[k] = f;
    for (int k = 0; k < COLUMNS; k++) too_few = too_few || (r->columns[k] && !fields[k].at);
    if (!too_few && !rest.at) return rows_add(r, fields);
    if (r->task->broken) {
        r->left_out++;
        return true;
    }
    text_mark mark = rest.at ? rest.mark : line->mark;
    if (too_few) mark.column += (unsigned)line->length;
    return error_input(r->err, mark, "the line has too %s fields; there are %zu columns", too_few ? "few" : "many",
                       layout->count);
}

static bool rows_from_tsv(row_reader *r, const char *text, size_t length) {
    line_cursor c = {text, text + length, r->start};
    tsv_layout layout = {0};
    field line;
    size_t lines = 1;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    c.mark.line = 0;
    if (r->task->headless) {
        layout.count = sizeof COLUMNS_WITHOUT_HEADER / sizeof *COLUMNS_WITHOUT_HEADER - 1;
        if (!lay_out(r, &layout, r->start, COLUMNS_WITHOUT_HEADER)) return false;
    } else if (!read_header(r, &c, &layout)) {
        return false;
    }
    if (!rows_reserve(r, lines)) return false;
    while (next_line(&c, &line))
        if (!read_row(r, &layout, &line)) return false;
    return true;
}

/* ---- Which form? ---- */

static bool read_rows(row_reader *r, int task, const char *text, size_t length) {
    const char *name = r->start.file;
    bool generic = !r->task->classes;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte-order mark */
        text += 3;
        length -= 3;
    }
    while (length && (text[length - 1] == '\n' || text[length - 1] == '\r')) length--;
    if (!length) return error_input(r->err, r->start, "the file is empty");
    if (task == JSONL || (!generic && text_ends_in(name, ".jsonl"))) return rows_from_jsonl(r, text, length);
    if (!generic && text_ends_in(name, ".json")) return rows_from_json(r, text, length);
    return rows_from_tsv(r, text, length);
}

/* Which columns to read: a task's own, or those that the settings name. */
static bool choose_columns(row_reader *r, const dataset_settings *s) {
    const char *named[COLUMNS] = {s->text_a, s->text_b, s->label};
    const char *usual[COLUMNS] = {r->task->text_a, r->task->text_b, r->task->label};
    bool generic = !r->task->classes;
    for (int k = 0; k < COLUMNS; k++) {
        if (named[k] && !generic)
            return error_input(r->err, r->start,
                               "the columns of %s are fixed; text_a, text_b and label are for tsv and jsonl",
                               r->d->task);
        r->columns[k] = named[k] ? named[k] : usual[k];
    }
    r->b_if_there = generic && !s->text_b;
    return true;
}

static bool check_whole(row_reader *r, const dataset_settings *s) {
    if (!r->d->samples && r->left_out)
        return error_input(r->err, r->start, "no samples: of %zu rows none has a gold label", r->left_out);
    if (!r->d->samples) return error_input(r->err, r->start, "no samples: the file has no rows");
    if (r->d->text_b && s->max_tokens && s->max_tokens < 5)
        return error_input(r->err, r->start, "max_tokens is %llu; a pair of texts needs at least 5",
                           (unsigned long long)s->max_tokens);
    return true;
}

bool dataset_parse(dataset *d, const dataset_settings *settings, const char *name, const char *text, size_t length,
                   portolan_error *err) {
    const dataset_task *task = &TASK_TABLE[settings->task];
    row_reader r = {.d = d, .task = task, .classes = settings->classes, .start = {name, 1, 1}, .err = err};
    *d = (dataset){.task = DATASET_TASKS[settings->task], .metric = task->metric};
    bool ok = labels_open(&r) && choose_columns(&r, settings) && read_rows(&r, settings->task, text, length) &&
              check_whole(&r, settings) && labels_settle(&r);
    labels_close(&r);
    if (!ok) dataset_free(d);
    return ok;
}

bool dataset_is_generated(const dataset_settings *settings) { return settings->task >= TASKS; }

bool dataset_load(dataset *d, const dataset_settings *settings, const char *path, portolan_error *err) {
    file_bytes bytes;
    *d = (dataset){0};
    if (dataset_is_generated(settings))
        return dataset_generate_depth(d, settings, (depth_task)(settings->task - TASKS), err);
    if (!file_read(path, (size_t)4 << 30, &bytes, err)) return false;
    bool ok = dataset_parse(d, settings, path, bytes.data, bytes.length, err);
    free(bytes.data);
    return ok;
}
