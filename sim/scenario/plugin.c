/* Policies that are plug-ins: shared objects, each loaded once in a process and kept till its end. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "loader.h"
#include "sim/engine/engine.h"

/* ---- Loading ---- */

/* One that has been loaded. Never freed: whoever holds the type may use it till the process ends. */
typedef struct plugin plugin;
struct plugin {
    plugin *next;
    const policy_type *type;
    char hash[FILE_HASH_TEXT];
    char path[]; /* the real one */
};

static plugin *loaded;

static const char *symbol_error(void) {
    const char *why = dlerror();
    return why ? why : "no reason is given";
}

/* What the file holds, if that can be used. */
static const policy_type *take_type(const char *path, text_mark mark, portolan_error *err) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        error_input(err, mark, "the plug-in cannot be loaded: %s", symbol_error());
        return NULL;
    }
    const policy_type *(*give)(void) = NULL;
    *(void **)&give = dlsym(handle, "portolan_policy"); /* POSIX's way to make a function of it */
    const policy_type *type = give ? give() : NULL;
    char why[POLICY_WHY] = "";
    if (!give)
        error_input(err, mark, "the plug-in %s does not define portolan_policy(), which gives its policy", path);
    else if (!policy_is_sound(type, why))
        error_input(err, mark, "the policy of the plug-in %s cannot be used: %s", path, why);
    else if (policy_find(type->name))
        error_input(err, mark, "the policy of the plug-in %s is called '%s', as one of Portolan's is; rename it", path,
                    type->name);
    else if (!type->route)
        error_input(err, mark, "the policy of the plug-in %s is an oracle, which only Portolan's own may be", path);
    else
        return type;
    dlclose(handle);
    return NULL;
}

static const policy_type *load(const char *path, const char *hash, text_mark mark, portolan_error *err) {
    for (const plugin *p = loaded; p; p = p->next) {
        if (strcmp(p->path, path) != 0) continue;
        if (strcmp(p->hash, hash) == 0) return p->type;
        error_input(err, mark, "the plug-in %s has changed since it was loaded; start again", path);
        return NULL;
    }
    const policy_type *type = take_type(path, mark, err);
    size_t length = strlen(path) + 1;
    plugin *fresh = type ? malloc(sizeof *fresh + length) : NULL;
    if (type && !fresh) error_memory(err, sizeof *fresh + length);
    if (!fresh) return NULL;
    *fresh = (plugin){.next = loaded, .type = type};
    memcpy(fresh->hash, hash, sizeof fresh->hash);
    memcpy(fresh->path, path, length);
    loaded = fresh;
    return type;
}

const policy_type *scenario_load_plugin(scenario_loader *l, const char *path, text_mark mark, scenario_input *input) {
    portolan_error inner = {0};
    FILE *f = file_open(path, "a plug-in", NULL, &inner);
    if (f) fclose(f);
    char *real = f && file_hash(path, input->hash, &inner) ? realpath(path, NULL) : NULL;
    const policy_type *type = NULL;
    if (inner.status)
        scenario_inner_error(l, mark, &inner);
    else if (!real || !(input->path = arena_text(&l->s->memory, path, strlen(path))))
        error_memory(l->err, strlen(path));
    else
        type = load(real, input->hash, mark, l->err);
    free(real);
    return type;
}

/* ---- Hosts of other languages ---- */

/* The folder of the running program; empty if it cannot be told. */
static void program_folder(char *into, size_t size) {
    ssize_t length = readlink("/proc/self/exe", into, size - 1);
    into[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(into, '/');
    if (slash) *slash = '\0';
}

const char *scenario_host_path(scenario_loader *l, const char *language, text_mark mark) {
    char beside[1024], folders[3][1100];
    const char *given = getenv("PORTOLAN_PLUGINS");
    program_folder(beside, sizeof beside);
    snprintf(folders[0], sizeof folders[0], "%.1000s", given ? given : "");
    snprintf(folders[1], sizeof folders[1], "%s", beside);
    snprintf(folders[2], sizeof folders[2], "%s/" PORTOLAN_PLUGINS_FROM_BIN, beside);
    for (int i = given && *given ? 0 : 1; i < 3; i++) {
        char path[1200];
        snprintf(path, sizeof path, "%s/portolan_%.20s.so", folders[i], language);
        if (access(path, F_OK) != 0) continue;
        const char *kept = arena_text(&l->s->memory, path, strlen(path));
        if (!kept) error_memory(l->err, sizeof path);
        return kept;
    }
    error_input(
        l->err, mark,
        "policies in %s are run by portolan_%s.so, which is neither in %s nor in %s; it is built where Debian's "
        "python3-dev is installed, and PORTOLAN_PLUGINS names another folder",
        language, language, folders[1], folders[2]);
    return NULL;
}

/* ---- Checking ---- */

/* What a check leaves in memory that its process shares with ours. */
typedef struct checked {
    bool finished, good;
    unsigned needs;
    char why[POLICY_WHY];
} checked;

static void check(const policy_setup *setup, checked *c) {
    c->good = setup->type->check(setup->options, &c->needs, c->why);
    c->why[sizeof c->why - 1] = '\0';
    c->finished = true;
}

/* How the process of a check ended. */
static bool judge(scenario_loader *l, const policy_setup *setup, text_mark mark, const checked *c, int status) {
    const char *name = setup->type->name;
    if (c->finished) return c->good || error_input(l->err, mark, "%s", c->why);
    if (WIFSIGNALED(status))
        return error_run(l->err, "the plug-in '%s' was killed by signal %d (%s) while it checked its options", name,
                         WTERMSIG(status), strsignal(WTERMSIG(status)));
    return error_run(l->err, "the plug-in '%s' ended the process that checked its options", name);
}

bool scenario_check_plugin(scenario_loader *l, policy_setup *setup, text_mark mark) {
    if (!setup->type->check) return true;
    checked *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c == MAP_FAILED) return error_memory(l->err, sizeof *c);
    c->needs = setup->needs;
    int status = 0;
    pid_t pid = process_fork(l->err);
    if (pid == 0) {
        check(setup, c);
        _exit(STATUS_OK);
    }
    if (pid > 0)
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    bool ok = pid > 0 && judge(l, setup, mark, c, status);
    setup->needs = c->needs;
    munmap(c, sizeof *c);
    return ok;
}
