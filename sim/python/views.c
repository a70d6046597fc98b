/* Python's objects for observations, exits, loads, devices, feedback and verdicts. */
#include "views.h"

#include <stddef.h>
#include <structmember.h>

static const char *const NAMES[TIER_COUNT] = {"phone", "edge", "cloud"};

#define MEMBER(name, kind, type, place) \
    { name, kind, offsetof(type, place), READONLY, NULL }
#define TYPE_OF(title, type, ...)                                                                                   \
    {                                                                                                               \
        PyVarObject_HEAD_INIT(NULL, 0).tp_name = "portolan." title, .tp_basicsize = sizeof(type),                   \
                                    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, __VA_ARGS__ \
    }

static void dealloc_plain(PyObject *self) { Py_TYPE(self)->tp_free(self); }

static PyObject *name_of(tier at) { return PyUnicode_InternFromString((unsigned)at < TIER_COUNT ? NAMES[at] : "?"); }

/* A read-only NumPy array with a copy of the numbers. */
static PyObject *array_of(const double *numbers, size_t count) {
    static PyObject *frombuffer;
    if (!frombuffer) {
        PyObject *numpy = PyImport_ImportModule("numpy");
        frombuffer = numpy ? PyObject_GetAttrString(numpy, "frombuffer") : NULL;
        Py_XDECREF(numpy);
    }
    if (!frombuffer) return NULL;
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)numbers, (Py_ssize_t)(count * sizeof *numbers));
    PyObject *array = bytes ? PyObject_CallOneArg(frombuffer, bytes) : NULL;
    Py_XDECREF(bytes);
    return array;
}

/* {"phone": ..., "edge": ..., "cloud": ...} */
static PyObject *by_tier(PyObject *(*make)(const void *array, int index), const void *array) {
    PyObject *dict = PyDict_New();
    for (int k = 0; dict && k < TIER_COUNT; k++) {
        PyObject *value = make(array, k);
        if (!value || PyDict_SetItemString(dict, NAMES[k], value) != 0) Py_CLEAR(dict);
        Py_XDECREF(value);
    }
    return dict;
}

/* ---- Exits ---- */

typedef struct exit_view {
    PyObject_HEAD exit_outcome o;
    PyObject *probabilities; /* a copy of them, as bytes; NULL: none */
} exit_view;

static void exit_dealloc(PyObject *self) {
    Py_XDECREF(((exit_view *)self)->probabilities);
    dealloc_plain(self);
}

static PyObject *exit_at(PyObject *self, void *closure) {
    (void)closure;
    return name_of(((exit_view *)self)->o.at);
}

static PyObject *exit_probabilities(PyObject *self, void *closure) {
    (void)closure;
    const exit_view *e = (exit_view *)self;
    if (!e->probabilities) Py_RETURN_NONE;
    return array_of((const double *)(const void *)PyBytes_AS_STRING(e->probabilities), e->o.classes);
}

static PyMemberDef EXIT_MEMBERS[] = {
    MEMBER("layer", T_UINT, exit_view, o.layer),
    MEMBER("prediction", T_UINT, exit_view, o.prediction),
    MEMBER("confidence", T_DOUBLE, exit_view, o.confidence),
    MEMBER("classes", T_UINT, exit_view, o.classes),
    {0},
};
static PyGetSetDef EXIT_GETTERS[] = {{"at", exit_at, NULL, NULL, NULL},
                                     {"probabilities", exit_probabilities, NULL, NULL, NULL},
                                     {0}};
static PyTypeObject EXIT = TYPE_OF("Exit", exit_view, .tp_dealloc = exit_dealloc, .tp_members = EXIT_MEMBERS,
                                   .tp_getset = EXIT_GETTERS);

static PyObject *exit_new(const exit_outcome *o) {
    exit_view *e = PyObject_New(exit_view, &EXIT);
    if (!e) return NULL;
    e->o = *o;
    e->probabilities = NULL;
    Py_ssize_t bytes = (Py_ssize_t)(o->classes * sizeof(double));
    if (!o->probabilities || (e->probabilities = PyBytes_FromStringAndSize((const char *)o->probabilities, bytes)))
        return (PyObject *)e;
    Py_DECREF(e);
    return NULL;
}

static PyObject *exits_of(const exit_outcome *exits, uint32_t count) {
    PyObject *all = PyTuple_New(count);
    for (uint32_t i = 0; all && i < count; i++) {
        PyObject *one = exit_new(&exits[i]);
        if (one)
            PyTuple_SET_ITEM(all, i, one);
        else
            Py_CLEAR(all);
    }
    return all;
}

/* ---- Loads and devices ---- */

typedef struct load_view {
    PyObject_HEAD tier_load l;
} load_view;

static PyMemberDef LOAD_MEMBERS[] = {
    MEMBER("age", T_DOUBLE, load_view, l.age),
    MEMBER("waiting", T_ULONG, load_view, l.waiting),
    MEMBER("busy", T_ULONG, load_view, l.busy),
    MEMBER("cores", T_ULONG, load_view, l.cores),
    MEMBER("wait", T_DOUBLE, load_view, l.wait),
    MEMBER("service", T_DOUBLE, load_view, l.service),
    MEMBER("round_trip", T_DOUBLE, load_view, l.round_trip),
    {0},
};
static PyTypeObject LOAD = TYPE_OF("Load", load_view, .tp_dealloc = dealloc_plain, .tp_members = LOAD_MEMBERS);

static PyObject *load_new(const void *array, int index) {
    load_view *l = PyObject_New(load_view, &LOAD);
    if (l) l->l = ((const tier_load *)array)[index];
    return (PyObject *)l;
}

typedef struct device_view {
    PyObject_HEAD device_state d;
} device_view;

static PyMemberDef DEVICE_MEMBERS[] = {
    MEMBER("rate_up", T_DOUBLE, device_view, d.rate_up),
    MEMBER("rate_down", T_DOUBLE, device_view, d.rate_down),
    MEMBER("battery", T_DOUBLE, device_view, d.battery),
    MEMBER("deadline", T_DOUBLE, device_view, d.deadline),
    MEMBER("token_bytes", T_ULONG, device_view, d.token_bytes),
    MEMBER("hidden_bytes", T_ULONG, device_view, d.hidden_bytes),
    MEMBER("radio", T_UINT, device_view, d.radio),
    MEMBER("sites", T_UINT, device_view, d.sites),
    {0},
};
static PyTypeObject DEVICE = TYPE_OF("Device", device_view, .tp_dealloc = dealloc_plain, .tp_members = DEVICE_MEMBERS);

/* ---- Observations ---- */

typedef struct seen_view {
    PyObject_HEAD observation seen;
    bool shown;
    PyObject *v; /* the array, once it was asked for */
} seen_view;

static const observation *shown(PyObject *self) {
    const seen_view *s = (seen_view *)self;
    if (s->shown) return &s->seen;
    PyErr_SetString(PyExc_RuntimeError,
                    "an observation is good during the call that brings it; keep its values instead");
    return NULL;
}

static PyObject *number_at(const void *array, int index) { return PyFloat_FromDouble(((const double *)array)[index]); }
static PyObject *count_at(const void *array, int index) {
    return PyLong_FromUnsignedLong(((const uint32_t *)array)[index]);
}

static PyObject *seen_at(PyObject *self, void *closure) {
    (void)closure;
    return name_of(((seen_view *)self)->seen.at);
}

static PyObject *seen_v(PyObject *self, void *closure) {
    (void)closure;
    seen_view *s = (seen_view *)self;
    if (!shown(self)) return NULL;
    if (!s->seen.v) Py_RETURN_NONE;
    if (!s->v) s->v = array_of(s->seen.v, s->seen.v_size);
    return Py_XNewRef(s->v);
}

static PyObject *seen_depth(PyObject *self, void *closure) {
    (void)closure;
    return shown(self) ? by_tier(count_at, ((seen_view *)self)->seen.depth) : NULL;
}

static PyObject *seen_cost(PyObject *self, void *closure) {
    (void)closure;
    return shown(self) ? by_tier(number_at, ((seen_view *)self)->seen.tier_cost) : NULL;
}

static PyObject *seen_exits(PyObject *self, void *closure) {
    (void)closure;
    const observation *o = shown(self);
    return o ? exits_of(o->exits, o->exit_count) : NULL;
}

static PyObject *seen_load(PyObject *self, void *closure) {
    (void)closure;
    const observation *o = shown(self);
    if (!o) return NULL;
    if (!o->load) Py_RETURN_NONE;
    return by_tier(load_new, o->load);
}

static PyObject *seen_device(PyObject *self, void *closure) {
    (void)closure;
    const observation *o = shown(self);
    if (!o) return NULL;
    if (!o->device) Py_RETURN_NONE;
    device_view *d = PyObject_New(device_view, &DEVICE);
    if (d) d->d = *o->device;
    return (PyObject *)d;
}

static PyObject *seen_note(PyObject *self, void *closure) {
    (void)closure;
    const observation *o = shown(self);
    return o ? PyLong_FromUnsignedLongLong(*o->note) : NULL;
}

static int seen_set_note(PyObject *self, PyObject *value, void *closure) {
    (void)closure;
    const observation *o = shown(self);
    if (!o) return -1;
    uint64_t note = value ? PyLong_AsUnsignedLongLong(value) : 0;
    if (PyErr_Occurred()) return -1;
    *o->note = note;
    return 0;
}

static PyObject *seen_uniform(PyObject *self, PyObject *none) {
    (void)none;
    const observation *o = shown(self);
    return o ? PyFloat_FromDouble(policy_uniform(o)) : NULL;
}

static void seen_dealloc(PyObject *self) {
    Py_XDECREF(((seen_view *)self)->v);
    dealloc_plain(self);
}

static PyMemberDef SEEN_MEMBERS[] = {
    MEMBER("now", T_DOUBLE, seen_view, seen.now),
    MEMBER("request", T_ULONG, seen_view, seen.request),
    MEMBER("phone", T_UINT, seen_view, seen.phone),
    MEMBER("tokens", T_UINT, seen_view, seen.tokens),
    {0},
};
static PyGetSetDef SEEN_GETTERS[] = {
    {"at", seen_at, NULL, NULL, NULL},
    {"v", seen_v, NULL, NULL, NULL},
    {"depth", seen_depth, NULL, NULL, NULL},
    {"tier_cost", seen_cost, NULL, NULL, NULL},
    {"exits", seen_exits, NULL, NULL, NULL},
    {"load", seen_load, NULL, NULL, NULL},
    {"device", seen_device, NULL, NULL, NULL},
    {"note", seen_note, seen_set_note, NULL, NULL},
    {0},
};
static PyMethodDef SEEN_METHODS[] = {{"uniform", seen_uniform, METH_NOARGS, "Draws a number, uniform in [0, 1)."}, {0}};
static PyTypeObject SEEN = TYPE_OF("Observation", seen_view, .tp_dealloc = seen_dealloc, .tp_members = SEEN_MEMBERS,
                                   .tp_getset = SEEN_GETTERS, .tp_methods = SEEN_METHODS);

PyObject *view_new(void) {
    seen_view *s = PyObject_New(seen_view, &SEEN);
    if (!s) return NULL;
    s->seen = (observation){0};
    s->shown = false;
    s->v = NULL;
    return (PyObject *)s;
}

void view_show(PyObject *view, const observation *seen) {
    seen_view *s = (seen_view *)view;
    s->seen = *seen;
    s->shown = true;
}

void view_hide(PyObject *view) {
    seen_view *s = (seen_view *)view;
    s->shown = false;
    Py_CLEAR(s->v);
}

/* ---- Feedback ---- */

typedef struct feedback_view {
    PyObject_HEAD feedback f;
    char failed, agreed; /* as Python reads a bool */
    PyObject *exits;
} feedback_view;

static void feedback_dealloc(PyObject *self) {
    Py_XDECREF(((feedback_view *)self)->exits);
    dealloc_plain(self);
}

static PyMemberDef FEEDBACK_MEMBERS[] = {
    MEMBER("now", T_DOUBLE, feedback_view, f.now),       MEMBER("request", T_ULONG, feedback_view, f.request),
    MEMBER("phone", T_UINT, feedback_view, f.phone),     MEMBER("tokens", T_UINT, feedback_view, f.tokens),
    MEMBER("failed", T_BOOL, feedback_view, failed),     MEMBER("latency", T_DOUBLE, feedback_view, f.latency),
    MEMBER("joules", T_DOUBLE, feedback_view, f.joules), MEMBER("cost", T_DOUBLE, feedback_view, f.cost),
    MEMBER("exits", T_OBJECT_EX, feedback_view, exits),  MEMBER("agreed", T_BOOL, feedback_view, agreed),
    MEMBER("note", T_ULONG, feedback_view, f.note),      {0},
};
static PyTypeObject FEEDBACK = TYPE_OF("Feedback", feedback_view, .tp_dealloc = feedback_dealloc,
                                       .tp_members = FEEDBACK_MEMBERS);

PyObject *view_feedback(const feedback *f) {
    feedback_view *view = PyObject_New(feedback_view, &FEEDBACK);
    if (!view) return NULL;
    view->f = *f;
    view->failed = f->failed;
    view->agreed = f->agreed;
    view->exits = exits_of(f->exits, f->exit_count);
    if (view->exits) return (PyObject *)view;
    Py_DECREF(view);
    return NULL;
}

/* ---- Verdicts ---- */

typedef struct verdict_view {
    PyObject_HEAD verdict v;
} verdict_view;

static PyTypeObject VERDICT = TYPE_OF("Verdict", verdict_view, .tp_dealloc = dealloc_plain);

static bool read_tier(const char *name, tier *to) {
    for (int k = 0; k < TIER_COUNT; k++) {
        if (strcmp(name, NAMES[k]) != 0) continue;
        *to = (tier)k;
        return true;
    }
    return false;
}

static PyObject *send(PyObject *module, PyObject *arguments, PyObject *keywords) {
    static char *KEYS[] = {"to", "hidden", "site", NULL};
    (void)module;
    const char *to;
    int hidden = 0;
    unsigned site = 0;
    verdict v = {.kind = VERDICT_SEND};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "s|$pI", KEYS, &to, &hidden, &site)) return NULL;
    if (!read_tier(to, &v.to)) return PyErr_Format(PyExc_ValueError, "there is no tier '%.60s'", to);
    v.hidden = hidden;
    v.site = site;
    verdict_view *view = PyObject_New(verdict_view, &VERDICT);
    if (view) view->v = v;
    return (PyObject *)view;
}

bool view_verdict(PyObject *said, bool first, verdict *v) {
    const char *word = PyUnicode_Check(said) ? PyUnicode_AsUTF8(said) : NULL;
    *v = (verdict){.kind = VERDICT_SEND};
    if (Py_IS_TYPE(said, &VERDICT)) {
        *v = ((verdict_view *)said)->v;
        return true;
    }
    if (word && read_tier(word, &v->to)) return true;
    if (word && !first && strcmp(word, "answer") == 0) v->kind = VERDICT_ANSWER;
    if (word && !first && strcmp(word, "continue") == 0) v->kind = VERDICT_CONTINUE;
    if (v->kind != VERDICT_SEND) return true;
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError,
                     "%s returned %.100R; it returns 'phone', 'edge', 'cloud'%s or portolan.send(...)",
                     first ? "route" : "after_exit", said, first ? "" : ", 'answer', 'continue'");
    return false;
}

/* ---- The module ---- */

PyObject *views_module(void) {
    static PyMethodDef METHODS[] = {
        {"send", (PyCFunction)(void (*)(void))send, METH_VARARGS | METH_KEYWORDS,
         "send(to, *, hidden=False, site=0): the verdict that a request goes to a tier, by its tokens or its hidden state."},
        {0}};
    static PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "portolan", .m_size = -1, .m_methods = METHODS};
    PyTypeObject *types[] = {&EXIT, &LOAD, &DEVICE, &SEEN, &FEEDBACK, &VERDICT};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (PyType_Ready(types[i]) != 0) return NULL;
    return PyModule_Create(&MODULE);
}
