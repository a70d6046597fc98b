/* Small data sets for fuzz targets that read whole YAML files: what these name as `file` and `vocab` is in the folder. */
#ifndef PORTOLAN_TESTS_FUZZ_TEXTS_H
#define PORTOLAN_TESTS_FUZZ_TEXTS_H

#include <string.h>

#include "base/yaml.h"
#include "folder.h"

static inline void fuzz_texts_make(void) {
    static const char *const FILES[][2] = {
        {"vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n##a\n"},
        {"words.tsv", "text_a\tlabel\na b c\tgood\nb\tbad\naa a\tgood\n\tbad\n"},
        {"more.tsv", "text_a\tlabel\na\tfine\nb c\tbad\n"},
        {"pairs.tsv", "text_a\ttext_b\tlabel\na b c a\tb c\t1\nb\ta\t0\na a a\t\t1\n"},
        {"sst2.tsv", "sentence\tlabel\na b\t1\nc\t0\n"},
        {"lines.jsonl", "{\"text_a\": \"a b\", \"label\": \"good\"}\n{\"text_a\": \"c\", \"label\": \"bad\"}\n"},
    };
    if (fuzz_folder[0]) return;
    fuzz_folder_make();
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++)
        fuzz_file(FILES[i][0], FILES[i][1], strlen(FILES[i][1]), NULL);
}

/* Whether `data:` asks for so many generated samples that reading them is no finding; or has a path out of the folder. */
static inline bool fuzz_is_large(const yaml_node *data) {
    const yaml_node *samples = data && data->kind == YAML_MAP ? yaml_find(data, "samples") : NULL;
    return samples && samples->kind == YAML_SCALAR && strtod(samples->text, NULL) > 200;
}

#endif
