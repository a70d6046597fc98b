/* What a policy in Python sees and says, as Python's objects: a getter an attribute, so that a call costs what it looks at.
 * Internal to sim/python/; Python's header comes first, as it must. */
#ifndef PORTOLAN_PYTHON_VIEWS_H
#define PORTOLAN_PYTHON_VIEWS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "sim/policies/policy.h"

/* The module `portolan` of policies: `send`. For PyImport_AppendInittab. */
PyObject *views_module(void);

/* An observation that shows nothing yet. NULL with an exception on failure. */
PyObject *view_new(void);

/* Shows it `seen`, which must outlive view_hide: after it, what is not a number is no longer to be had. */
void view_show(PyObject *view, const observation *seen);
void view_hide(PyObject *view);

/* A copy of what became of a request. NULL with an exception on failure. */
PyObject *view_feedback(const feedback *f);

/* What `route` (`first`) or `after_exit` has said. False with an exception if that is no verdict. */
bool view_verdict(PyObject *said, bool first, verdict *v);

#endif
