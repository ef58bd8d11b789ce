#include "bindings/python/options.h"

#include <string.h>
#include <uv.h>

void free_object(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF(type);
}

PyObject* raise_value_error(const portloop_options* options) {
  PyErr_SetString(PyExc_ValueError, portloop_options_error(options));
  return NULL;
}

typedef struct {
  PyObject_HEAD portloop_options* options;
} Options;

portloop_options* options_of(PyObject* object) { return ((Options*)object)->options; }

static PyObject* options_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  Options* self = (Options*)allocate(type, 0);
  (void)arguments;
  (void)keywords;
  if (self == NULL) return NULL;
  self->options = portloop_options_new();
  if (self->options == NULL) {
    Py_DECREF(self);
    return PyErr_NoMemory();
  }
  return (PyObject*)self;
}

static void options_dealloc(PyObject* object) {
  portloop_options_free(options_of(object));
  free_object(object);
}

/* portloop's functions for one option, by the type of its value; one of them is set. */
struct setter {
  const char* name;
  int (*text)(portloop_options*, const char*);
  int (*u32)(portloop_options*, uint32_t);
  int (*integer)(portloop_options*, int);
};

static int set_all_open(portloop_options* options, int all_open) {
  return portloop_options_set_all_open(options, (enum portloop_all_open)all_open);
}

static int set_order(portloop_options* options, int order) {
  return portloop_options_set_order(options, (enum portloop_order)order);
}

static int set_connector(portloop_options* options, int connector) {
  return portloop_options_set_connector(options, (enum portloop_connector)connector);
}

static const struct setter setters[] = {
    {"targets", portloop_options_add_target, NULL, NULL},
    {"exclude", portloop_options_exclude_target, NULL, NULL},
    {"ports", portloop_options_set_ports, NULL, NULL},
    {"exclude_ports", portloop_options_exclude_ports, NULL, NULL},
    {"in_flight", NULL, portloop_options_set_in_flight, NULL},
    {"timeout_ms", NULL, portloop_options_set_timeout_ms, NULL},
    {"stop_after", NULL, portloop_options_set_stop_after, NULL},
    {"loops", NULL, portloop_options_set_loops, NULL},
    {"source", portloop_options_set_source, NULL, NULL},
    {"interface", portloop_options_set_interface, NULL, NULL},
    {"mark", NULL, portloop_options_set_mark, NULL},
    {"dscp", NULL, NULL, portloop_options_set_dscp},
    {"threaded", NULL, NULL, portloop_options_set_threaded},
    {"open_input", NULL, NULL, portloop_options_set_open_input},
    {"keep_connections", NULL, NULL, portloop_options_set_keep_connections},
    {"retries", NULL, NULL, portloop_options_set_retries},
    {"adaptive", NULL, NULL, portloop_options_set_adaptive},
    {"all_open", NULL, NULL, set_all_open},
    {"order", NULL, NULL, set_order},
    {"connector", NULL, NULL, set_connector},
};

static int apply_setter(const struct setter* setter, portloop_options* options, PyObject* arguments) {
  const char* text;
  unsigned int u32;
  int integer;
  if (setter->text != NULL)
    return PyArg_ParseTuple(arguments, "ss", &text, &text) ? setter->text(options, text) : UV_EINVAL;
  if (setter->u32 != NULL)
    return PyArg_ParseTuple(arguments, "sI", &text, &u32) ? setter->u32(options, u32) : UV_EINVAL;
  return PyArg_ParseTuple(arguments, "si", &text, &integer) ? setter->integer(options, integer) : UV_EINVAL;
}

static int apply_other(const char* name, portloop_options* options, PyObject* arguments) {
  unsigned int first, second;
  unsigned long long seed;
  double rate;
  int kind;
  if (strcmp(name, "rate") == 0)
    return PyArg_ParseTuple(arguments, "sd", &name, &rate) ? portloop_options_set_rate(options, rate) : UV_EINVAL;
  if (strcmp(name, "seed") == 0)
    return PyArg_ParseTuple(arguments, "sK", &name, &seed) ? portloop_options_set_seed(options, seed) : UV_EINVAL;
  if (strcmp(name, "shard") == 0)
    return PyArg_ParseTuple(arguments, "sII", &name, &first, &second)
               ? portloop_options_set_shard(options, first, second)
               : UV_EINVAL;
  if (strcmp(name, "banners") == 0)
    return PyArg_ParseTuple(arguments, "siII", &name, &kind, &first, &second)
               ? portloop_options_set_banners(options, (enum portloop_banners)kind, first, second)
               : UV_EINVAL;
  PyErr_Format(PyExc_KeyError, "%s", name);
  return UV_EINVAL;
}

static PyObject* options_set(PyObject* object, PyObject* arguments) {
  portloop_options* options = options_of(object);
  PyObject* first = PyTuple_GetItem(arguments, 0);
  const char* name = first == NULL ? NULL : PyUnicode_AsUTF8AndSize(first, NULL);
  size_t i = 0;
  const size_t count = sizeof setters / sizeof *setters;
  int error;
  if (name == NULL) return NULL;
  while (i < count && strcmp(setters[i].name, name) != 0) ++i;
  error = i < count ? apply_setter(&setters[i], options, arguments) : apply_other(name, options, arguments);
  if (PyErr_Occurred()) return NULL;
  if (error == UV_ENOMEM) return PyErr_NoMemory();
  if (error != 0) return raise_value_error(options);
  Py_RETURN_NONE;
}

static PyMethodDef options_methods[] = {{"set", options_set, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};

static PyType_Slot options_slots[] = {
    {Py_tp_new, options_new}, {Py_tp_dealloc, options_dealloc}, {Py_tp_methods, options_methods}, {0, NULL}};

PyType_Spec options_spec = {"portloop._native.Options", sizeof(Options), 0, Py_TPFLAGS_DEFAULT, options_slots};
