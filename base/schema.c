/* Schemas and their versions. */
#include "schema.h"

#include <stdio.h>
#include <string.h>

#include "files.h"

unsigned schema_version(const schema *s) {
    unsigned n = 0;
    while (s->history[n]) n++;
    return n;
}

const char *schema_fingerprint(const schema *s) { return s->history[schema_version(s) - 1]; }

bool schema_reads(const schema *s, long long version, char *why, size_t size) {
    unsigned present = schema_version(s);
    bool older = version < (long long)present;
    snprintf(why, size, "was written with schema %lld by %s Portolan; this one reads schema %u: %s", version,
             older ? "an older" : "a newer", present, older ? s->again : "use that one");
    return version == (long long)present;
}

void fingerprint(const char *columns, char into[FINGERPRINT_TEXT]) {
    char hash[FILE_HASH_TEXT];
    text_hash(columns, strlen(columns), hash);
    snprintf(into, FINGERPRINT_TEXT, "%.16s", hash);
}
