/* Units: one table of suffixes for each family, decimal and binary prefixes where the family takes them. */
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "text.h"

typedef struct suffix {
    const char *text;
    double factor; /* to the unit the value is kept in */
} suffix;

typedef struct family {
    const char *name, *example;
    bool prefixed;       /* takes k, M, G, ... and ki, Mi, Gi, ... before the suffix */
    bool small_prefixes; /* takes m, u, n, p before the suffix */
    suffix suffixes[16]; /* the first one is used for printing */
} family;

static const family FAMILIES[UNIT_FAMILIES] = {
    [UNIT_PURE] = {"a number", "0.8 or 1/12", false, false, {{"", 1}}},
    [UNIT_SPEED] = {"a speed", "40Gf", true, false, {{"f", 1}}},
    [UNIT_BANDWIDTH] = {"a bandwidth", "10Mbps or 1.25MBps", true, false, {{"bps", 0.125}, {"Bps", 1}}},
    [UNIT_TIME] = {"a time",
                   "5ms or 10min",
                   false,
                   false,
                   {{"s", 1},
                    {"ms", 1e-3},
                    {"us", 1e-6},
                    {"ns", 1e-9},
                    {"min", 60},
                    {"m", 60},
                    {"h", 3600},
                    {"d", 86400},
                    {"w", 604800}}},
    [UNIT_SIZE] = {"a size", "64kiB or 4GB", true, false, {{"B", 1}, {"b", 0.125}}},
    [UNIT_POWER] = {"a power", "2.5W or 800mW", true, true, {{"W", 1}}},
    [UNIT_ENERGY_PER_BYTE] = {"an energy per byte", "3.5uJ/B", false, true, {{"J/B", 1}}},
    [UNIT_RATE] = {"a rate",
                   "0.5/s or 30/min",
                   false,
                   false,
                   {{"/s", 1}, {"/min", 1.0 / 60}, {"/h", 1.0 / 3600}, {"/d", 1.0 / 86400}}},
    [UNIT_PRICE] = {"a price", "0.53USD/h", false, false, {{"USD/h", 1.0 / 3600}, {"USD/s", 1}}},
};

static const suffix BIG_PREFIXES[] = {
    {"Ki", 1024.0}, {"ki", 1024.0}, {"Mi", 1048576.0}, {"Gi", 1073741824.0}, {"Ti", 1099511627776.0},
    {"k", 1e3},     {"K", 1e3},     {"M", 1e6},        {"G", 1e9},           {"T", 1e12},
    {"P", 1e15},    {"E", 1e18},    {NULL, 0},
};
static const suffix SMALL_PREFIXES[] = {{"m", 1e-3}, {"u", 1e-6}, {"n", 1e-9}, {"p", 1e-12}, {NULL, 0}};

static bool prefix_factor(const char *text, size_t length, const suffix *prefixes, double *factor) {
    for (; prefixes->text; prefixes++) {
        if (strlen(prefixes->text) == length && strncmp(prefixes->text, text, length) == 0) {
            *factor = prefixes->factor;
            return true;
        }
    }
    return false;
}

/* The factor of "Mbps" and the like; false if the family has no such unit. */
static bool unit_factor(const family *f, const char *text, double *factor) {
    size_t length = strlen(text);
    for (const suffix *s = f->suffixes; s->text; s++) {
        if (!text_ends_in(text, s->text)) continue;
        double prefix = 1;
        size_t head = length - strlen(s->text);
        if (head && !(f->prefixed && prefix_factor(text, head, BIG_PREFIXES, &prefix)) &&
            !(f->small_prefixes && prefix_factor(text, head, SMALL_PREFIXES, &prefix)))
            continue;
        *factor = prefix * s->factor;
        return true;
    }
    return false;
}

bool unit_parse(const char *text, unit_family family_id, double *value, char *why, size_t size) {
    const family *f = &FAMILIES[family_id];
    double number = 0, factor = 1;
    const char *end = number_read(text, &number);
    if (!end) {
        snprintf(why, size, "found '%.60s', which is not a finite number with a unit; write %s like %s", text, f->name,
                 f->example);
        if (family_id == UNIT_PURE)
            snprintf(why, size, "found '%.60s', which is not a finite number; write one like %s", text, f->example);
        return false;
    }
    while (*end == ' ') end++;
    double divisor = 1;
    const char *divisor_end = family_id == UNIT_PURE && *end == '/' ? number_read(end + 1, &divisor) : NULL;
    if (divisor_end) {
        if (divisor == 0) {
            snprintf(why, size, "found '%.60s', a division by zero; write a number like %s", text, f->example);
            return false;
        }
        end = divisor_end;
    }
    if (!unit_factor(f, end, &factor)) {
        if (!*end)
            snprintf(why, size, "found '%.60s' without a unit; write %s like %s", text, f->name, f->example);
        else
            snprintf(why, size, "found '%.60s', whose unit '%.20s' is not one of %s; write it like %s", text, end,
                     f->name, f->example);
        return false;
    }
    number = number / divisor * factor;
    if (isfinite(number)) {
        *value = number;
        return true;
    }
    snprintf(why, size, "found '%.60s', which is too large", text);
    return false;
}

const char *unit_example(unit_family family_id) { return FAMILIES[family_id].example; }

const char *unit_name(unit_family family_id) { return FAMILIES[family_id].name; }

void unit_format(char *into, size_t size, double value, unit_family family_id) {
    static const suffix STEPS[] = {{"E", 1e18}, {"P", 1e15}, {"T", 1e12}, {"G", 1e9}, {"M", 1e6}, {"k", 1e3}};
    static const suffix TIMES[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}};
    const family *f = &FAMILIES[family_id];
    double shown = value / f->suffixes[0].factor;
    if (family_id == UNIT_TIME) {
        for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++) {
            if (value < TIMES[i].factor) continue;
            snprintf(into, size, "%.4g%s", value / TIMES[i].factor, TIMES[i].text);
            return;
        }
    }
    for (size_t i = 0; f->prefixed && i < sizeof STEPS / sizeof *STEPS; i++) {
        if (fabs(shown) < STEPS[i].factor) continue;
        snprintf(into, size, "%.4g%s%s", shown / STEPS[i].factor, STEPS[i].text, f->suffixes[0].text);
        return;
    }
    snprintf(into, size, "%.4g%s", shown, f->suffixes[0].text);
}
