/* The module portloop._native: portloop on a libuv loop that asyncio drives; see nested_loop.h. Only the package's
 * Python files use it. It has the limited API, so that one module serves all versions of Python from 3.10.
 *
 *   Options()   set(name, value...)
 *   Loop()      fileno(), turn() -> milliseconds
 *   Scan(loop)  start(options), stop(), pause(), resume(), close(), take() -> [result...], stats(); status, closed
 *
 * All calls are made by the thread of the asyncio loop, with the GIL; a turn is short, and releases it at no time.
 */
#include "bindings/python/options.h"

#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "bindings/nested_loop.h"

static PyObject* scan_error; /* portloop.PortloopError(message, code) */

static PyObject* raise_scan_error(int status) {
  PyObject* arguments;
  if (status == UV_ENOMEM) return PyErr_NoMemory();
  arguments = Py_BuildValue("ss", uv_strerror(status), uv_err_name(status));
  if (arguments != NULL) PyErr_SetObject(scan_error, arguments);
  Py_XDECREF(arguments);
  return NULL;
}

/* ---- Loop ---- */

typedef struct {
  PyObject_HEAD uv_loop_t* loop; /* NULL if it could not be initialized */
  pid_t process;                 /* a forked child shares the descriptors, and must leave them alone */
  int turning;
} Loop;

static PyObject* loop_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  Loop* self = (Loop*)allocate(type, 0);
  uv_loop_t* loop;
  int error;
  (void)arguments;
  (void)keywords;
  if (self == NULL) return NULL;
  loop = malloc(uv_loop_size());
  error = loop == NULL ? UV_ENOMEM : uv_loop_init(loop);
  if (error != 0) {
    free(loop);
    Py_DECREF(self);
    return raise_scan_error(error);
  }
  self->loop = loop;
  self->process = getpid();
  return (PyObject*)self;
}

/* Its scans hold references to it, so all of them are being closed by now. */
static void loop_dealloc(PyObject* object) {
  Loop* self = (Loop*)object;
  if (self->loop != NULL && self->process == getpid()) {
    uv_run(self->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(self->loop) != 0) Py_FatalError("portloop: a handle is left on the loop");
    free(self->loop);
  }
  free_object(object);
}

static PyObject* loop_fileno(PyObject* object, PyObject* nothing) {
  (void)nothing;
  return PyLong_FromLong(uv_backend_fd(((Loop*)object)->loop));
}

static PyObject* loop_turn(PyObject* object, PyObject* nothing) {
  Loop* self = (Loop*)object;
  int timeout_ms;
  (void)nothing;
  if (self->turning || self->process != getpid()) {
    PyErr_SetString(PyExc_RuntimeError, self->turning ? "a turn is running" : "the loop belongs to the parent process");
    return NULL;
  }
  self->turning = 1;
  timeout_ms = nested_loop_turn(self->loop);
  self->turning = 0;
  return PyLong_FromLong(timeout_ms);
}

/* ---- Scan ---- */

/* Outlives its Scan until it is closed. */
struct running {
  portloop_scan* scan; /* NULL once it is closed */
  PyObject* results;   /* a list */
  int is_done;
  int status;
  int is_owned; /* a Scan refers to it */
};

typedef struct {
  PyObject_HEAD Loop* loop;
  struct running* running;
} Scan;

static void free_when_unused(struct running* running) {
  if (running->is_owned || running->scan != NULL) return;
  Py_DECREF(running->results);
  free(running);
}

static PyObject* bytes_or_none(const char* bytes, size_t length) {
  if (bytes == NULL) Py_RETURN_NONE;
  return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)length);
}

/* A result that can't be stored would be lost: the scan is stopped instead, and reported as out of memory. */
static void on_result(portloop_scan* scan, const portloop_result* result) {
  struct running* running = portloop_scan_data(scan);
  char address[64];
  PyObject* entry;
  portloop_format_address((const struct sockaddr*)&result->address, address, sizeof address);
  entry = Py_BuildValue("sHsssIKzN", address, result->port, portloop_state_name(result->state),
                        portloop_reason_name(result->reason), portloop_service_name(result->port), result->attempts,
                        (unsigned long long)result->rtt_us, result->error == 0 ? NULL : uv_err_name(result->error),
                        bytes_or_none(result->banner, result->banner_length));
  if (entry == NULL || PyList_Append(running->results, entry) != 0) {
    PyErr_Clear();
    running->status = UV_ENOMEM;
    portloop_scan_stop(scan);
  }
  Py_XDECREF(entry);
}

static void on_closed(portloop_scan* scan) {
  struct running* running = portloop_scan_data(scan);
  running->scan = NULL;
  free_when_unused(running);
}

static void on_done(portloop_scan* scan, int status) {
  struct running* running = portloop_scan_data(scan);
  running->is_done = 1;
  if (running->status == 0) running->status = status;
  portloop_scan_close(scan, on_closed);
}

static PyObject* scan_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  PyObject* loop;
  struct running* running;
  Scan* self;
  int error;
  (void)keywords;
  if (!PyArg_ParseTuple(arguments, "O", &loop)) return NULL;
  running = calloc(1, sizeof *running);
  if (running == NULL) return PyErr_NoMemory();
  running->results = PyList_New(0);
  self = running->results == NULL ? NULL : (Scan*)allocate(type, 0);
  if (self == NULL) {
    Py_XDECREF(running->results);
    free(running);
    return NULL;
  }
  Py_INCREF(loop);
  self->loop = (Loop*)loop;
  self->running = running;
  running->is_owned = 1;
  error = portloop_scan_init(self->loop->loop, &running->scan);
  if (error != 0) {
    Py_DECREF(self);
    return raise_scan_error(error);
  }
  portloop_scan_set_data(running->scan, running);
  return (PyObject*)self;
}

static void scan_dealloc(PyObject* object) {
  Scan* self = (Scan*)object;
  self->running->is_owned = 0;
  if (self->running->scan != NULL) portloop_scan_close(self->running->scan, on_closed);
  free_when_unused(self->running);
  Py_DECREF(self->loop);
  free_object(object);
}

static PyObject* scan_start(PyObject* object, PyObject* arguments) {
  struct running* running = ((Scan*)object)->running;
  PyObject* options;
  int error;
  if (!PyArg_ParseTuple(arguments, "O", &options)) return NULL;
  error =
      running->scan == NULL ? UV_EALREADY : portloop_scan_start(running->scan, options_of(options), on_result, on_done);
  if (error == UV_EINVAL) return raise_value_error(options_of(options));
  if (error != 0) return raise_scan_error(error);
  Py_RETURN_NONE;
}

static PyObject* on_scan(PyObject* object, void (*function)(portloop_scan*)) {
  struct running* running = ((Scan*)object)->running;
  if (running->scan != NULL) function(running->scan);
  Py_RETURN_NONE;
}

static void close_scan(portloop_scan* scan) { portloop_scan_close(scan, on_closed); }

static PyObject* scan_stop(PyObject* self, PyObject* nothing) {
  return (void)nothing, on_scan(self, portloop_scan_stop);
}
static PyObject* scan_pause(PyObject* self, PyObject* nothing) {
  return (void)nothing, on_scan(self, portloop_scan_pause);
}
static PyObject* scan_resume(PyObject* self, PyObject* nothing) {
  return (void)nothing, on_scan(self, portloop_scan_resume);
}
static PyObject* scan_close(PyObject* self, PyObject* nothing) { return (void)nothing, on_scan(self, close_scan); }

/* The results since the last call. */
static PyObject* scan_take(PyObject* object, PyObject* nothing) {
  struct running* running = ((Scan*)object)->running;
  PyObject* results = running->results;
  PyObject* empty = PyList_New(0);
  (void)nothing;
  if (empty == NULL) return NULL;
  running->results = empty;
  return results;
}

static PyObject* scan_stats(PyObject* object, PyObject* nothing) {
  struct running* running = ((Scan*)object)->running;
  portloop_stats now;
  (void)nothing;
  if (running->scan == NULL) Py_RETURN_NONE;
  portloop_scan_stats(running->scan, &now, sizeof now);
  return Py_BuildValue("KKKKKKI", (unsigned long long)now.probes, (unsigned long long)now.connects,
                       (unsigned long long)now.open, (unsigned long long)now.closed, (unsigned long long)now.filtered,
                       (unsigned long long)now.unknown, (unsigned int)now.in_flight);
}

/* Raises the error that ended the scan, if there is one. */
static PyObject* scan_check(PyObject* object, PyObject* nothing) {
  int status = ((Scan*)object)->running->status;
  (void)nothing;
  if (status != 0 && status != UV_ECANCELED) return raise_scan_error(status);
  Py_RETURN_NONE;
}

static PyObject* scan_is_done(PyObject* object, void* nothing) {
  (void)nothing;
  return PyBool_FromLong(((Scan*)object)->running->is_done);
}

static PyObject* scan_is_closed(PyObject* object, void* nothing) {
  (void)nothing;
  return PyBool_FromLong(((Scan*)object)->running->scan == NULL);
}

/* ---- The module ---- */

static PyMethodDef loop_methods[] = {
    {"fileno", loop_fileno, METH_NOARGS, NULL}, {"turn", loop_turn, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyMethodDef scan_methods[] = {{"start", scan_start, METH_VARARGS, NULL},
                                     {"stop", scan_stop, METH_NOARGS, NULL},
                                     {"pause", scan_pause, METH_NOARGS, NULL},
                                     {"resume", scan_resume, METH_NOARGS, NULL},
                                     {"close", scan_close, METH_NOARGS, NULL},
                                     {"take", scan_take, METH_NOARGS, NULL},
                                     {"stats", scan_stats, METH_NOARGS, NULL},
                                     {"check", scan_check, METH_NOARGS, NULL},
                                     {NULL, NULL, 0, NULL}};
static PyGetSetDef scan_attributes[] = {{"done", scan_is_done, NULL, NULL, NULL},
                                        {"closed", scan_is_closed, NULL, NULL, NULL},
                                        {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot loop_slots[] = {
    {Py_tp_new, loop_new}, {Py_tp_dealloc, loop_dealloc}, {Py_tp_methods, loop_methods}, {0, NULL}};
static PyType_Slot scan_slots[] = {{Py_tp_new, scan_new},
                                   {Py_tp_dealloc, scan_dealloc},
                                   {Py_tp_methods, scan_methods},
                                   {Py_tp_getset, scan_attributes},
                                   {0, NULL}};
static PyType_Spec specs[] = {{"portloop._native.Loop", sizeof(Loop), 0, Py_TPFLAGS_DEFAULT, loop_slots},
                              {"portloop._native.Scan", sizeof(Scan), 0, Py_TPFLAGS_DEFAULT, scan_slots}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, NULL, NULL, NULL, NULL, NULL};

static int add(PyObject* module, const char* name, PyObject* value) {
  if (value != NULL && PyModule_AddObject(module, name, value) == 0) return 0;
  Py_XDECREF(value);
  return -1;
}

PyMODINIT_FUNC PyInit__native(void) {
  static const char* const names[] = {"Loop", "Scan"};
  PyObject* module = PyModule_Create(&definition);
  int failed = module == NULL || add(module, "Options", PyType_FromSpec(&options_spec)) != 0;
  for (size_t i = 0; !failed && i < sizeof names / sizeof *names; ++i)
    failed = add(module, names[i], PyType_FromSpec(&specs[i])) != 0;
  if (!failed) scan_error = PyErr_NewException("portloop.PortloopError", NULL, NULL);
  Py_XINCREF(scan_error);
  failed = failed || add(module, "PortloopError", scan_error) != 0 ||
           PyModule_AddStringConstant(module, "version", portloop_version()) != 0;
  if (failed) Py_CLEAR(module);
  return module;
}
