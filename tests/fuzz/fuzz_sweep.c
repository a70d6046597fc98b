/* The axes, exclusions and seeds of sweeps, from any text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "sim/sweep/sweep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every setting that was made must have a value that can be shown. */
static void look(const sweep *w) {
    char text[64];
    for (size_t s = 0; s < w->setting_count; s++)
        for (size_t k = 0; k < w->key_count; k++)
            if (!sweep_value(w, s, k, text, sizeof text)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sweep w = {0};
    portolan_error err = {0};
    if (!yaml_parse(&w.document, "fuzz.yaml", (const char *)data, size, &err)) return 0;
    const yaml_node *root = w.document.root, *seeds = yaml_find(root, "seeds");
    bool ok = sweep_read_axes(&w, yaml_find(root, "axes"), yaml_find(root, "zip"), yaml_find(root, "exclude"), &err) &&
              (!seeds || sweep_read_seeds(&w, seeds, &err));
    if (ok) look(&w);
    if (!ok && !err.status) abort();
    sweep_free(&w);
    return 0;
}
