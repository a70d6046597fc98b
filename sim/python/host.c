/* Policies in Python: a plug-in that runs a file's `class Policy`. The interpreter is started in the process that runs the
 * policy, or that checks it, and never in their parent; since each has but one policy, the class is kept here. */
#include "views.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef struct python_options {
    const policy_file *file;
    const struct router *map;
    const char *rest;
} python_options;

static const policy_option OPTIONS[] = {
    {"python", OPTION_FILE, offsetof(python_options, file), .doc = "the file that defines `class Policy`",
     .required = true},
    {"router", OPTION_MAP, offsetof(python_options, map),
     .doc = "file that `portolan map` wrote, whose v(x) `route` sees", .file = "router.json"},
    {"options", OPTION_REST, offsetof(python_options, rest), .doc = "all other keys, which the class is given"},
    {0},
};

/* ---- Errors ---- */

/* " (FILE:LINE in NAME, ...)" of the calls that led to the exception. */
static void append_calls(PyObject *traceback, char why[POLICY_WHY]) {
    size_t used = strlen(why);
    const char *between = " (";
    for (PyObject *at = Py_XNewRef(traceback), *next; at && at != Py_None; at = next) {
        PyObject *frame = PyObject_GetAttrString(at, "tb_frame"), *line = PyObject_GetAttrString(at, "tb_lineno");
        PyObject *code = frame ? PyObject_GetAttrString(frame, "f_code") : NULL;
        PyObject *text = code ? PyUnicode_FromFormat("%s%U:%S in %U", between, ((PyCodeObject *)code)->co_filename,
                                                     line ? line : Py_None, ((PyCodeObject *)code)->co_name)
                              : NULL;
        const char *words = text ? PyUnicode_AsUTF8(text) : NULL;
        if (words && used + strlen(words) + 2 < POLICY_WHY) {
            used += (size_t)snprintf(why + used, POLICY_WHY - used, "%s", words);
            between = ", ";
        }
        next = PyObject_GetAttrString(at, "tb_next");
        Py_XDECREF(text), Py_XDECREF(code), Py_XDECREF(line), Py_XDECREF(frame), Py_DECREF(at);
        PyErr_Clear();
    }
    if (*between == ',') snprintf(why + used, POLICY_WHY - used, ")");
}

/* Takes Python's exception: what it is, what it says, and the calls that led to it, on one line. Always returns false. */
static bool take_exception(char why[POLICY_WHY]) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject *text = value ? PyObject_Str(value) : NULL;
    const char *words = text ? PyUnicode_AsUTF8(text) : NULL;
    snprintf(why, POLICY_WHY, "%s%s%.600s", type ? ((PyTypeObject *)type)->tp_name : "Python failed",
             words && *words ? ": " : "", words ? words : "");
    PyErr_Clear();
    append_calls(traceback, why);
    Py_XDECREF(text), Py_XDECREF(type), Py_XDECREF(value), Py_XDECREF(traceback);
    return false;
}

/* ---- The interpreter and the class ---- */

/* Extensions such as NumPy's look for Python's symbols among everybody's. */
static void show_python(void) {
    Dl_info where;
    if (dladdr((const void *)&Py_Version, &where)) dlopen(where.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
}

/* No signal handlers, no .pyc files, and the same order of sets each time; what is printed goes to standard error. */
static bool start_python(char why[POLICY_WHY]) {
    if (Py_IsInitialized()) return true;
    show_python();
    setenv("OPENBLAS_NUM_THREADS", "1", 0);
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.install_signal_handlers = config.write_bytecode = config.parse_argv = 0;
    config.use_hash_seed = 1;
    config.hash_seed = 0;
    bool ok = PyImport_AppendInittab("portolan", views_module) == 0;
    PyStatus status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (!ok || PyStatus_Exception(status)) {
        snprintf(why, POLICY_WHY, "Python does not start: %.150s", status.err_msg ? status.err_msg : "memory is short");
        return false;
    }
    static const char
        BEGIN[] = "import sys, portolan\nsys.stdout = sys.stderr\n"; /* the module makes the views' types ready */
    return PyRun_SimpleString(BEGIN) == 0;
}

/* Modules beside the file can be imported. */
static bool look_beside(const char *path) {
    const char *slash = strrchr(path, '/');
    PyObject *folder = slash ? PyUnicode_DecodeFSDefaultAndSize(path, slash - path) : PyUnicode_FromString(".");
    PyObject *list = PySys_GetObject("path");
    bool ok = folder && list && PyList_Insert(list, 0, folder) == 0;
    Py_XDECREF(folder);
    return ok;
}

/* The file's class; borrowed, NULL with an exception. */
static PyObject *find_class(const policy_file *file) {
    static PyObject *found;
    if (found || !look_beside(file->path)) return found;
    if (strlen(file->text) != file->length) PyErr_SetString(PyExc_SyntaxError, "the file holds a NUL byte");
    PyObject *code = PyErr_Occurred() ? NULL : Py_CompileString(file->text, file->path, Py_file_input);
    PyObject *module = code ? PyImport_ExecCodeModule("portolan_policy", code) : NULL;
    if (module && !(found = PyObject_GetAttrString(module, "Policy")))
        PyErr_Format(PyExc_AttributeError, "%s defines no `class Policy`", file->path);
    Py_XDECREF(code), Py_XDECREF(module);
    return found;
}

static PyObject *parse_options(const char *text) {
    PyObject *json = PyImport_ImportModule("json");
    PyObject *options = json ? PyObject_CallMethod(json, "loads", "s", text) : NULL;
    Py_XDECREF(json);
    return options;
}

/* ---- One policy ---- */

typedef struct python_policy {
    void (*fail)(void *run, const char *why);
    void *run;
    PyObject *self, *route, *after_exit, *feedback; /* methods; the last two may be NULL */
    PyObject *view;
} python_policy;

/* NULL where there is none, and then no exception. */
static PyObject *method(PyObject *self, const char *name) {
    PyObject *found = PyObject_GetAttrString(self, name);
    if (!found && PyErr_ExceptionMatches(PyExc_AttributeError)) PyErr_Clear();
    return found;
}

static bool make(python_policy *p, const python_options *o) {
    PyObject *class = find_class(o->file), *options = class ? parse_options(o->rest) : NULL;
    p->self = options ? PyObject_CallOneArg(class, options) : NULL;
    Py_XDECREF(options);
    if (!p->self || !(p->route = PyObject_GetAttrString(p->self, "route"))) return false;
    p->after_exit = method(p->self, "after_exit");
    if (!PyErr_Occurred()) p->feedback = method(p->self, "feedback");
    if (!PyErr_Occurred()) p->view = view_new();
    return p->view != NULL;
}

static void clear(python_policy *p) {
    Py_XDECREF(p->route), Py_XDECREF(p->after_exit), Py_XDECREF(p->feedback);
    Py_XDECREF(p->self), Py_XDECREF(p->view);
}

static void close_policy(void *self) {
    clear(self);
    free(self);
}

static void *open_policy(const void *options, const policy_start *start, char why[POLICY_WHY]) {
    python_policy *p = calloc(1, sizeof *p);
    if (!p || !start_python(why)) {
        free(p);
        return NULL;
    }
    p->fail = start->fail;
    p->run = start->run;
    if (make(p, options)) return p;
    take_exception(why);
    close_policy(p);
    return NULL;
}

/* ---- What it needs ---- */

static bool add_need(PyObject *word, unsigned *needs) {
    static const struct {
        const char *name;
        unsigned need;
    } NEEDS[] = {{"load", POLICY_NEEDS_LOAD},
                 {"every_exit", POLICY_NEEDS_EVERY_EXIT},
                 {"confidence", POLICY_NEEDS_CONFIDENCE},
                 {"probabilities", POLICY_NEEDS_PROBABILITIES},
                 {"v", POLICY_NEEDS_V}};
    for (size_t i = 0; PyUnicode_Check(word) && i < sizeof NEEDS / sizeof *NEEDS; i++) {
        if (PyUnicode_CompareWithASCIIString(word, NEEDS[i].name) != 0) continue;
        *needs |= NEEDS[i].need;
        return true;
    }
    PyErr_Format(PyExc_ValueError,
                 "needs has %.100R; known are 'load', 'every_exit', 'confidence', 'probabilities', 'v'", word);
    return false;
}

static bool read_needs(const python_policy *p, unsigned *needs) {
    if (!p->feedback) *needs &= ~(unsigned)POLICY_NEEDS_FEEDBACK;
    PyObject *given = method(p->self, "needs"), *all = given ? PyObject_GetIter(given) : NULL, *word;
    while (all && (word = PyIter_Next(all))) {
        bool known = add_need(word, needs);
        Py_DECREF(word);
        if (!known) break;
    }
    Py_XDECREF(given), Py_XDECREF(all);
    return !PyErr_Occurred();
}

static bool check(const void *options, unsigned *needs, char why[POLICY_WHY]) {
    python_policy p = {0};
    if (!start_python(why)) return false;
    bool ok = (make(&p, options) && read_needs(&p, needs)) || take_exception(why);
    clear(&p);
    return ok;
}

/* ---- Asking it ---- */

static void fail_run(const python_policy *p) {
    char why[POLICY_WHY];
    take_exception(why);
    p->fail(p->run, why);
}

static verdict ask(python_policy *p, PyObject *call, const observation *seen, bool first) {
    verdict v = first ? policy_send(TIER_PHONE) : (verdict){.kind = VERDICT_ANSWER};
    if (!p->view && !(p->view = view_new())) return fail_run(p), v;
    view_show(p->view, seen);
    PyObject *said = PyObject_CallOneArg(call, p->view);
    view_hide(p->view);
    if (Py_REFCNT(p->view) > 1) Py_CLEAR(p->view); /* it was kept; the next call gets another one */
    verdict heard;
    if (said && view_verdict(said, first, &heard))
        v = heard;
    else
        fail_run(p);
    Py_XDECREF(said);
    return v;
}

static verdict route(void *self, const observation *seen) {
    python_policy *p = self;
    return ask(p, p->route, seen, true);
}

static verdict after_exit(void *self, const observation *seen) {
    python_policy *p = self;
    return p->after_exit ? ask(p, p->after_exit, seen, false) : (verdict){.kind = VERDICT_ANSWER};
}

static void tell(void *self, const feedback *f) {
    python_policy *p = self;
    PyObject *view = p->feedback ? view_feedback(f) : NULL;
    PyObject *said = view ? PyObject_CallOneArg(p->feedback, view) : NULL;
    if (p->feedback && !said) fail_run(p);
    Py_XDECREF(said), Py_XDECREF(view);
}

static const policy_type PYTHON = {
    .abi = POLICY_ABI,
    .name = "python",
    .summary = "a policy written in Python",
    .paper = "the scenario's",
    .options = OPTIONS,
    .size = sizeof(python_options),
    .check = check,
    .open = open_policy,
    .close = close_policy,
    .route = route,
    .after_exit = after_exit,
    .feedback = tell,
};

const policy_type *portolan_policy(void) { return &PYTHON; }
