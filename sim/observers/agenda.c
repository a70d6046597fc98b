/* A binary heap. */
#include "agenda.h"

#include <stdlib.h>

#include "base/array.h"

static bool is_before(const agenda_item *x, const agenda_item *y) {
    return x->at < y->at || (x->at == y->at && x->order < y->order);
}

bool agenda_add(agenda *a, agenda_item item, portolan_error *err) {
    if (!ARRAY_RESERVE(a->items, a->room, a->count + 1, err)) return false;
    item.order = a->added++;
    size_t i = a->count++;
    for (; i && is_before(&item, &a->items[(i - 1) / 2]); i = (i - 1) / 2) a->items[i] = a->items[(i - 1) / 2];
    a->items[i] = item;
    return true;
}

bool agenda_take(agenda *a, double until, agenda_item *into) {
    if (!a->count || a->items[0].at > until) return false;
    *into = a->items[0];
    agenda_item last = a->items[--a->count];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < a->count) {
        child += child + 1 < a->count && is_before(&a->items[child + 1], &a->items[child]);
        if (!is_before(&a->items[child], &last)) break;
        a->items[i] = a->items[child];
        i = child;
    }
    if (a->count) a->items[i] = last;
    return true;
}

void agenda_free(agenda *a) {
    free(a->items);
    *a = (agenda){0};
}
