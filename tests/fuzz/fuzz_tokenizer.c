/* Any bytes as texts, or as a vocabulary: an encoding is complete and in range, and a cut one begins like
 * the whole. The first byte says what follows (1: lower case, 2: a vocabulary, 4: a pair, split at the
 * first NUL), the second how many tokens there may be, from 0; too few for a text give none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/workloads.h"

static const char
    VOCABULARY[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##a\n##b\n##bb\nab\nabba\n##abba\n##c\nc\n.\n,\n[\n]\n#\n"
                   "mask\nMASK\ne\n##e\n\u00e9\n##\u00e9\n\u00c9\n\u4e2d\n\u304c\n##\u304c\n\u304b\n##\u304b\n"
                   "\u1112\u1161\u11ab\n\ud55c\n##\u0301\n\u03c3\n##\u03c3\n\u03c2\n\U0001f600\n##\U0001f600\n";

enum { MOST = 5000 };

/* A vocabulary from memory, through a file that has no name. */
static tokenizer *load(const void *text, size_t size, bool lowercase) {
    char path[64];
    portolan_error err = {0};
    int fd = memfd_create("vocabulary", 0);
    if (fd < 0 || write(fd, text, size) != (ssize_t)size) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    tokenizer *t = tokenizer_load(path, lowercase, &err);
    close(fd);
    if (!t && (!err.status || !err.message[0])) abort(); /* a refusal says why */
    return t;
}

/* Into memory of just the size that it may use. */
static uint32_t encode(const tokenizer *t, const char *a, const char *b, uint32_t most, uint32_t *into) {
    uint32_t *ids = malloc(most * sizeof *ids);
    uint8_t *segments = malloc(most);
    if (most && (!ids || !segments)) abort();
    uint32_t count = tokenizer_encode(t, a, b, most, ids, segments);
    if (most < (b ? 5 : 3)) {
        if (count) abort();
        free(ids);
        free(segments);
        return 0;
    }
    if (count < (b ? 3 : 2) || count > most || segments[0] || segments[count - 1] != (b != NULL)) abort();
    for (uint32_t i = 0; i < count; i++)
        if (ids[i] >= tokenizer_vocabulary(t) || segments[i] > 1 || (i && segments[i] < segments[i - 1])) abort();
    if (ids[count - 1] == ids[0]) abort(); /* [SEP] is not [CLS] */
    memcpy(into, ids, count * sizeof *ids);
    free(ids);
    free(segments);
    return count;
}

static void check(const tokenizer *t, const char *a, const char *b, uint32_t most) {
    static uint32_t whole[MOST], cut[MOST];
    uint32_t all = encode(t, a, b, MOST, whole), count = encode(t, a, b, most, cut);
    if (!count) return;
    if (count != (all < most ? all : most)) abort();
    if (!b && memcmp(whole, cut, (count - 1) * sizeof *cut) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static tokenizer *tokenizers[2];
    if (size < 2) return 0;
    bool lowercase = data[0] & 1, pair = data[0] & 4;
    uint32_t most = data[1];
    if (data[0] & 2) {
        tokenizer *t = load(data + 2, size - 2, lowercase);
        if (t) check(t, "ab [MASK] \u00c9\u4e2d", pair ? "abba" : NULL, most);
        tokenizer_free(t);
        return 0;
    }
    if (!tokenizers[lowercase]) tokenizers[lowercase] = load(VOCABULARY, sizeof VOCABULARY - 1, lowercase);
    char *text = malloc(size - 1);
    if (!text) abort();
    memcpy(text, data + 2, size - 2);
    text[size - 2] = '\0';
    size_t length = strlen(text);
    check(tokenizers[lowercase], text, !pair ? NULL : length < size - 2 ? text + length + 1 : "", most);
    free(text);
    return 0;
}
