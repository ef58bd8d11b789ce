/* The type Options of portloop._native, and what its other types need. */
#ifndef PORTLOOP_PYTHON_OPTIONS_H
#define PORTLOOP_PYTHON_OPTIONS_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include "portloop/portloop.h"

extern PyType_Spec options_spec;

/* The options in an object of that type. */
portloop_options* options_of(PyObject* object);

/* Raises ValueError with the options' last error. Returns NULL. */
PyObject* raise_value_error(const portloop_options* options);

/* The end of a dealloc function of a heap type. */
void free_object(PyObject* object);

#endif
