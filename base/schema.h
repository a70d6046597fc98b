/* Versions of what Portolan writes and reads back: a number that rises with every change of the columns.
 * What is of another version is refused by its number, before a column is missed. */
#ifndef PORTOLAN_BASE_SCHEMA_H
#define PORTOLAN_BASE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct schema {
    const char *again; /* what to do about an old one */
    /* Fingerprints of the columns of versions 1, 2, ..., NULL behind the last, which is the present one. They are known
     * ("" if not) so that a test can tell when the columns have changed and no version was added. */
    const char *const *history;
} schema;

/* The present version, and its fingerprint. */
unsigned schema_version(const schema *s);
const char *schema_fingerprint(const schema *s);

/* Whether that version can be read; if not, `why` says what there is and what to do. */
bool schema_reads(const schema *s, long long version, char *why, size_t size);

enum { FINGERPRINT_TEXT = 17 };

/* The fingerprint of a text of columns. */
void fingerprint(const char *columns, char into[FINGERPRINT_TEXT]);

#endif
