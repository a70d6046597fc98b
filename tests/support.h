/* What all unit tests share: cmocka with its headers, comparisons of doubles and errors, documents from
 * text. */
#ifndef PORTOLAN_TESTS_SUPPORT_H
#define PORTOLAN_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it */
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"

/* A test's signature; the state is not used. */
#define TEST(name) static void name(void **state __attribute__((unused)))

/* |a - b| <= tolerance * max(|a|, |b|); at tolerance 0 the same value. */
#define assert_near(a, b, tolerance) check_near((a), (b), (tolerance), #a, __FILE__, __LINE__)

/* |a - b| <= tolerance */
#define assert_within(a, b, tolerance) check_within((a), (b), (tolerance), #a, __FILE__, __LINE__)

/* The error is wrong input at this place (0, 0: none), and its message contains `fragment`. */
#define assert_input_error(err, line, column, fragment) \
    check_input_error((err), (line), (column), (fragment), __FILE__, __LINE__)

static inline void check_within(double a, double b, double most, const char *what, const char *file, int line) {
    if (fabs(a - b) <= most) return;
    print_error("%s is %.17g; wanted %.17g, give or take %g\n", what, a, b, most);
    _fail(file, line);
}

static inline void check_near(double a, double b, double tolerance, const char *what, const char *file, int line) {
    if (a == b) return;
    check_within(a, b, tolerance * fmax(fabs(a), fabs(b)), what, file, line);
}

static inline void check_input_error(const portolan_error *err, unsigned line, unsigned column, const char *fragment,
                                     const char *file, int at) {
    if (err->status == STATUS_WRONG_INPUT && err->line == line && err->column == column &&
        strstr(err->message, fragment))
        return;
    print_error("wanted status 2 at %u:%u with \"%s\"\nfound status %d at %u:%u with \"%s\"\n", line, column, fragment,
                err->status, err->line, err->column, err->message);
    _fail(file, at);
}

/* The document of a text that must be good. Frees nothing on failure: the test is lost anyway. */
static inline yaml_document document_of(const char *text) {
    yaml_document doc;
    portolan_error err = {0};
    if (!yaml_parse(&doc, "test.yaml", text, strlen(text), &err)) {
        error_print(&err, stderr);
        fail();
    }
    return doc;
}

#endif
