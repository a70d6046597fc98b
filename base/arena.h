/* Memory that is handed out piece by piece and given back all at once: the owner of a parsed document,
 * a platform or an outcome table. */
#ifndef PORTOLAN_BASE_ARENA_H
#define PORTOLAN_BASE_ARENA_H

#include <stddef.h>

typedef struct arena_block arena_block;

/* A zeroed arena is empty and ready. */
typedef struct arena {
    arena_block *newest;
} arena;

/* `count` zeroed items of `size` bytes, aligned for any type; NULL if memory is short or the product overflows. */
void *arena_alloc(arena *a, size_t count, size_t size);

/* A copy of the first `length` bytes of `text` with a closing NUL; NULL if memory is short. */
char *arena_text(arena *a, const char *text, size_t length);

/* Frees everything; the arena is empty and ready again. */
void arena_free(arena *a);

#endif
