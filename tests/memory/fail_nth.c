/* A shared object to be loaded before the C library (LD_PRELOAD): one allocation of a program fails, its n-th since main.
 *
 *   FAIL_NTH       which one, from 1
 *   FAIL_PROGRAM   the program whose allocations count; others that it starts are left alone
 *   FAIL_IN        "parent": those of the program's first process; "dlopen": of these, those while it loads a library;
 *                  "children": those of each process it forks, from the fork on
 *   FAIL_REPORT    a file for what happened: "failed" once the allocation has failed, and for a crash its backtrace
 *
 * operator new, strdup, open_memstream and so on end in malloc, and count. */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static bool armed, in_children, in_dlopen, loading;
static long nth;
static unsigned long calls;
static pid_t first_process, counting_process;
static int report = -1;

static void tell(const char *text) {
    ssize_t written = write(report, text, strlen(text));
    (void)written;
}

/* Counts a call; whether it is the one to fail. */
static bool fails(void) {
    if (!armed || (in_dlopen && !loading)) return false;
    pid_t pid = getpid();
    if ((pid != first_process) != in_children) return false;
    if (pid != counting_process) calls = 0;
    counting_process = pid;
    if ((long)__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) != nth) return false;
    void *frames[48];
    armed = false;
    int n = backtrace(frames, 48);
    tell("failed\n");
    backtrace_symbols_fd(frames, n, report);
    armed = true;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }

void *realloc(void *old, size_t size) { return fails() ? NULL : __libc_realloc(old, size); }

void *memalign(size_t alignment, size_t size) { return fails() ? NULL : __libc_memalign(alignment, size); }

void *aligned_alloc(size_t alignment, size_t size) { return fails() ? NULL : __libc_memalign(alignment, size); }

int posix_memalign(void **into, size_t alignment, size_t size) {
    void *memory = fails() ? NULL : __libc_memalign(alignment, size);
    if (memory) *into = memory;
    return memory ? 0 : ENOMEM;
}

void *dlopen(const char *file, int mode) {
    static void *(*real)(const char *, int);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "dlopen");
    loading = true;
    void *library = real(file, mode);
    loading = false;
    return library;
}

/* ---- Crashes ---- */

static const int CRASHES[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static bool is_crash(int number) {
    for (size_t i = 0; i < sizeof CRASHES / sizeof *CRASHES; i++)
        if (CRASHES[i] == number) return true;
    return false;
}

static void crashed(int number) {
    void *frames[48];
    armed = false;
    tell("crashed\n");
    backtrace_symbols_fd(frames, backtrace(frames, 48), report);
    signal(number, SIG_DFL);
    raise(number);
}

/* Nobody else's handlers for crashes (SimGrid has one), but for those that want to know why. */
int sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    static int (*real)(int, const struct sigaction *, struct sigaction *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "sigaction");
    bool is_other = action && action->sa_handler != crashed && action->sa_handler != SIG_DFL;
    if (is_other && is_crash(number) && number != SIGABRT) return 0;
    return real(number, action, old);
}

/* ---- From main on ---- */

static int (*real_main)(int, char **, char **);

static int counted_main(int argc, char **argv, char **env) {
    static char stack[1 << 16]; /* an actor's may be what is at fault */
    const char *n = getenv("FAIL_NTH"), *program = getenv("FAIL_PROGRAM"), *in = getenv("FAIL_IN"),
               *path = getenv("FAIL_REPORT");
    if (n && program && path && strcmp(program_invocation_short_name, program) == 0) {
        void *frames[4];
        backtrace(frames, 4); /* loads what it needs while it can */
        stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
        sigaltstack(&other, NULL);
        for (size_t i = 0; i < sizeof CRASHES / sizeof *CRASHES; i++)
            sigaction(CRASHES[i], &(struct sigaction){.sa_handler = crashed, .sa_flags = SA_ONSTACK}, NULL);
        report = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        first_process = counting_process = getpid();
        in_children = in && strcmp(in, "children") == 0;
        in_dlopen = in && strcmp(in, "dlopen") == 0;
        nth = atol(n);
        armed = true;
    }
    return real_main(argc, argv, env);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end) {
    int (*real)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return real(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
