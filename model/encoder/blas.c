/* Loading OpenBLAS, and making it take its memory while it can be had. */
#include "blas.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

blas_calls blas;

/* OpenBLAS's BUFFER_SIZE, and a page, on 64-bit processors (common_x86_64.h, common_arm64.h: at most 32 << 22). */
static const size_t BUFFER_BYTES = (128 << 20) + 4096;
static const size_t LIBRARY_BYTES = 64 << 20; /* more than it takes up itself */
enum { MOST_BUFFERS = 64 };                   /* it has room for at least as many */

/* Its own allocator, which keeps what is given back. Not in its header, but in all its versions. */
static struct allocator {
    void *(*get)(int place);
    void (*give_back)(void *buffer);
} allocator;

/* POSIX has a pointer to data converted to one to a function; C does not, but by way of its bytes. */
static bool find(void *library, const char *name, void *function) {
    void *found = dlsym(library, name);
    *(void **)function = found;
    return found != NULL;
}

/* Whether so much memory can be mapped at all: OpenBLAS does not ask, it insists. */
static bool can_map(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED && munmap(memory, bytes) == 0;
}

static bool load(portolan_error *err) {
    if (blas.sgemm) return true;
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    errno = 0;
    void *library = dlopen(PORTOLAN_OPENBLAS, RTLD_NOW | RTLD_LOCAL);
    bool no_memory = errno == ENOMEM; /* the text of dlerror does not always say so */
    if (!library && !can_map(LIBRARY_BYTES)) return error_memory(err, LIBRARY_BYTES);
    if (!library)
        return error_run(err, "OpenBLAS cannot be loaded: %s%s", dlerror(), no_memory ? " (memory may be short)" : "");
    blas_calls found;
    bool ok = find(library, "cblas_sgemm", &found.sgemm) && find(library, "cblas_dgemm", &found.dgemm) &&
              find(library, "cblas_dsyrk", &found.dsyrk) && find(library, "cblas_dtrsv", &found.dtrsv) &&
              find(library, "openblas_get_corename", &found.corename) &&
              find(library, "openblas_get_config", &found.config);
    if (!ok) return error_run(err, "OpenBLAS cannot be used: %s", dlerror());
    if (!find(library, "dgelsy_", &found.dgelsy)) found.dgelsy = NULL;
    if (!find(library, "blas_memory_alloc", &allocator.get) || !find(library, "blas_memory_free", &allocator.give_back))
        allocator.get = NULL;
    blas = found;
    return true;
}

bool blas_open(unsigned threads, portolan_error *err) {
    static unsigned reserved;
    void *buffers[MOST_BUFFERS];
    if (!load(err)) return false;
    if (threads > MOST_BUFFERS) threads = MOST_BUFFERS;
    if (threads <= reserved) return true;
    if (!can_map((threads - reserved) * BUFFER_BYTES))
        return error_run(err, "out of memory: OpenBLAS needs %zu MB for each of %u threads; fewer --jobs need less",
                         BUFFER_BYTES >> 20, threads);
    for (unsigned i = 0; allocator.get && i < threads; i++) buffers[i] = allocator.get(0);
    for (unsigned i = 0; allocator.get && i < threads; i++) allocator.give_back(buffers[i]);
    reserved = threads;
    return true;
}
