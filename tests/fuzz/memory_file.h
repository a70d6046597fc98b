/* A fuzzer's bytes as a file. */
#ifndef PORTOLAN_TESTS_FUZZ_MEMORY_FILE_H
#define PORTOLAN_TESTS_FUZZ_MEMORY_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file of its own in memory, as a path; gone when the returned descriptor is closed. */
static inline int memory_file(const void *data, size_t size, char path[64]) {
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
