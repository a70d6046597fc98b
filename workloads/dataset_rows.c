/* Rows of a data set: room for them, and the checks of their texts. */
#include <string.h>

#include "dataset_rows.h"
#include "utf8.h"

bool rows_reserve(row_reader *r, size_t rows) {
    dataset *d = r->d;
    if (rows > DATASET_MAX_ROWS) return error_input(r->err, r->start, "more than %d rows", DATASET_MAX_ROWS);
    d->text_a = arena_alloc(&d->memory, rows, sizeof *d->text_a);
    if (r->columns[COLUMN_B]) d->text_b = arena_alloc(&d->memory, rows, sizeof *d->text_b);
    d->labels = arena_alloc(&d->memory, rows, sizeof *d->labels);
    if (d->text_a && d->labels && (d->text_b || !r->columns[COLUMN_B])) return true;
    return error_memory(r->err, rows * (2 * sizeof *d->text_a + sizeof *d->labels));
}

bool rows_no_column(row_reader *r, text_mark mark, const char *kind, const char *wanted, const char *const *names) {
    char list[512], hint[HINT_TEXT];
    list_words(list, sizeof list, names);
    return error_input(r->err, mark, "there is no %s '%.100s'%s; there are: %s", kind, wanted,
                       word_hint(hint, wanted, names), list);
}

bool check_text(row_reader *r, const field *f) {
    size_t good = utf8_good(f->at, f->length);
    text_mark mark = f->mark;
    if (good == f->length) return true;
    mark.column += (unsigned)good;
    return error_input(r->err, mark, f->at[good] ? "not UTF-8: found the byte 0x%02x" : "found a NUL byte (0x%02x)",
                       (unsigned char)f->at[good]);
}

bool keep_text(row_reader *r, const field *f, const char **text) {
    if (!check_text(r, f)) return false;
    *text = arena_text(&r->d->memory, f->at, f->length);
    return *text || error_memory(r->err, f->length + 1);
}

bool same_text(const field *f, const char *word) {
    return strlen(word) == f->length && memcmp(f->at, word, f->length) == 0;
}

void dataset_free(dataset *d) {
    arena_free(&d->memory);
    *d = (dataset){0};
}
