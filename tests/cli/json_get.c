/* json_get FILE [PATH]: parses FILE ("-": standard input) strictly and prints the value at a dotted path, as
 * in policies.0.name; a last word "#" gives the number of items. Status 1 if it is not JSON or there is no
 * such value. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *step(json_t *value, const char *word) {
    char *end;
    unsigned long index = strtoul(word, &end, 10);
    if (json_is_array(value)) return *end ? NULL : json_array_get(value, index);
    return json_object_get(value, word);
}

static int print_value(const json_t *value) {
    if (json_is_string(value)) return puts(json_string_value(value)) < 0;
    int failed = json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
    return putchar('\n') == EOF || failed;
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3) return 2;
    json_error_t err;
    json_t *root = strcmp(argv[1], "-") == 0 ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &err)
                                             : json_load_file(argv[1], JSON_REJECT_DUPLICATES, &err);
    if (!root) {
        fprintf(stderr, "%s:%d:%d: %s\n", err.source, err.line, err.column, err.text);
        return 1;
    }
    json_t *value = root;
    bool count = false;
    for (char *word = argc > 2 ? strtok(argv[2], ".") : NULL; word && value && !count; word = strtok(NULL, ".")) {
        count = strcmp(word, "#") == 0;
        if (!count) value = step(value, word);
    }
    int status = 1;
    if (value && count)
        status = printf("%zu\n", json_is_array(value) ? json_array_size(value) : json_object_size(value)) < 0;
    else if (value)
        status = print_value(value);
    json_decref(root);
    return status;
}
