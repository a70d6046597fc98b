/* The arena: a list of blocks, newest first; large pieces get a block of their own. */
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    arena_block *older;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

enum { BLOCK_BYTES = 1 << 16 };

void *arena_alloc(arena *a, size_t count, size_t size) {
    if (size && count > (SIZE_MAX - sizeof(arena_block) - alignof(max_align_t)) / size) return NULL;
    size_t bytes = (count * size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    arena_block *block = a->newest;
    if (!block || block->size - block->used < bytes) {
        size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = calloc(1, sizeof *block + room);
        if (!block) return NULL;
        block->size = room;
        block->older = a->newest;
        a->newest = block;
    }
    void *piece = block->bytes + block->used;
    block->used += bytes;
    return piece;
}

char *arena_text(arena *a, const char *text, size_t length) {
    char *copy = arena_alloc(a, length + 1, 1);
    if (copy) memcpy(copy, text, length);
    return copy;
}

void arena_free(arena *a) {
    while (a->newest) {
        arena_block *older = a->newest->older;
        free(a->newest);
        a->newest = older;
    }
}
