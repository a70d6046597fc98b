/* Any text as a number, and as a quantity of every family: what is read is finite; its printed form reads back the same. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/numbers.h"
#include "base/units.h"

/* A number ends within the text, behind what it consists of; a whole one is a number, too, of that value. */
static void check_numbers(const char *text) {
    double x = 0;
    uint64_t n = 0;
    const char *end = number_read(text, &x), *last = whole_read(text, &n);
    if (end && (!isfinite(x) || end <= text || end > text + strlen(text))) abort();
    if (last && (last <= text || last != text + strspn(text, "0123456789"))) abort();
    bool is_whole = whole_parse(text, &n), is_number = number_parse(text, &x);
    if (is_whole && n < UINT64_MAX && !(is_number && fabs(x - (double)n) <= x * 1e-15)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (int f = 0; f < UNIT_FAMILIES; f++) {
        double value = 0, back = 0;
        char why[256], printed[64];
        if (!unit_parse(text, (unit_family)f, &value, why, sizeof why)) {
            if (!*why || strlen(why) >= sizeof why) abort();
            continue;
        }
        if (!isfinite(value)) abort();
        unit_format(printed, sizeof printed, value, (unit_family)f);
        /* four digits are printed: rounding up may overflow at the very end of the range */
        if (fabs(value) < 1e300 && !unit_parse(printed, (unit_family)f, &back, why, sizeof why)) abort();
        if (fabs(value) < 1e300 && fabs(value) > 1e-300 && fabs(back - value) > 6e-4 * fabs(value)) abort();
    }
    check_numbers(text);
    free(text);
    return 0;
}
