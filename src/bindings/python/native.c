/* The module portloop._native: portloop on a libuv loop that asyncio drives; see nested_loop.h. Only the package's
 * Python files use it. It has the limited API, so that one module serves all versions of Python from 3.10.
 *
 *   Options()   set(name, value...)
 *   Group()     set_in_flight(number), set_rate(number), apply(options)
 *   Loop()      fileno(), turn() -> milliseconds
 *   Scan(loop)  start(options, hosts, progress_ms), stop(), pause(), resume(), set_in_flight(number), set_rate(number),
 *               add(target, ports, tag), finish(), close(), take() -> [row...], reset(fd), take_progress(), stats(),
 *               check(); done, closed
 *
 * All calls are made by the thread of the asyncio loop, with the GIL; a turn is short, and releases it at no time.
 */
#include "bindings/python/options.h"

#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "bindings/nested_loop.h"
#include "bindings/nested_scan.h"

static PyObject* scan_error; /* portloop.PortloopError(message, code) */

static PyObject* raise_with(const char* message, int status) {
  PyObject* arguments = Py_BuildValue("ss", message, uv_err_name(status));
  if (arguments != NULL) PyErr_SetObject(scan_error, arguments);
  Py_XDECREF(arguments);
  return NULL;
}

static PyObject* raise_scan_error(int status) {
  return status == UV_ENOMEM ? PyErr_NoMemory() : raise_with(uv_strerror(status), status);
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

/* ---- Group ---- */

typedef struct {
  PyObject_HEAD portloop_group* group;
} Group;

static PyObject* group_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  Group* self = (Group*)allocate(type, 0);
  (void)arguments;
  (void)keywords;
  if (self == NULL) return NULL;
  self->group = portloop_group_new();
  if (self->group == NULL) {
    Py_DECREF(self);
    return PyErr_NoMemory();
  }
  return (PyObject*)self;
}

static void group_dealloc(PyObject* object) {
  portloop_group_free(((Group*)object)->group);
  free_object(object);
}

/* Of a limit that was refused. */
static PyObject* limit_result(int error, const char* rule) {
  if (error != UV_EINVAL) return error == 0 ? Py_NewRef(Py_None) : raise_scan_error(error);
  PyErr_SetString(PyExc_ValueError, rule);
  return NULL;
}

static const char in_flight_rule[] = "in_flight is 1-1000000 connects, and at least one for each loop thread";
static const char rate_rule[] = "rate is 0-1000000000 connects per second";

static PyObject* group_set_in_flight(PyObject* object, PyObject* arguments) {
  unsigned int connects;
  if (!PyArg_ParseTuple(arguments, "I", &connects)) return NULL;
  return limit_result(portloop_group_set_in_flight(((Group*)object)->group, connects),
                      "in_flight is 1-1000000 connects");
}

static PyObject* group_set_rate(PyObject* object, PyObject* arguments) {
  double rate;
  if (!PyArg_ParseTuple(arguments, "d", &rate)) return NULL;
  return limit_result(portloop_group_set_rate(((Group*)object)->group, rate), rate_rule);
}

static PyObject* group_apply(PyObject* object, PyObject* options) {
  portloop_options_set_group(options_of(options), ((Group*)object)->group);
  Py_RETURN_NONE;
}

/* ---- Scan ---- */

typedef struct {
  PyObject_HEAD Loop* loop;
  struct nested_scan* scan;
} Scan;

static struct nested_scan* nested_of(PyObject* object) { return ((Scan*)object)->scan; }

static PyObject* bytes_or_none(const char* bytes, size_t length) {
  if (bytes == NULL) Py_RETURN_NONE;
  return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)length);
}

static PyObject* scan_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  PyObject* loop;
  struct nested_scan* scan;
  Scan* self;
  (void)keywords;
  if (!PyArg_ParseTuple(arguments, "O", &loop)) return NULL;
  scan = nested_scan_new(((Loop*)loop)->loop);
  if (scan == NULL) return PyErr_NoMemory();
  self = (Scan*)allocate(type, 0);
  if (self == NULL) {
    nested_scan_release(scan);
    return NULL;
  }
  Py_INCREF(loop);
  self->loop = (Loop*)loop;
  self->scan = scan;
  return (PyObject*)self;
}

static void scan_dealloc(PyObject* object) {
  Scan* self = (Scan*)object;
  nested_scan_release(self->scan);
  Py_DECREF(self->loop);
  free_object(object);
}

static PyObject* scan_start(PyObject* object, PyObject* arguments) {
  PyObject* options;
  int hosts, error;
  unsigned int progress_ms;
  if (!PyArg_ParseTuple(arguments, "OpI", &options, &hosts, &progress_ms)) return NULL;
  error = nested_scan_start(nested_of(object), options_of(options), hosts, progress_ms);
  if (error == UV_EINVAL) return raise_value_error(options_of(options));
  if (error != 0) return raise_scan_error(error);
  Py_RETURN_NONE;
}

static PyObject* on_scan(PyObject* object, void (*function)(portloop_scan*)) {
  struct nested_scan* scan = nested_of(object);
  if (scan->scan != NULL) function(scan->scan);
  Py_RETURN_NONE;
}

static PyObject* scan_stop(PyObject* self, PyObject* nothing) {
  return (void)nothing, on_scan(self, portloop_scan_stop);
}
static PyObject* scan_pause(PyObject* self, PyObject* nothing) {
  return (void)nothing, on_scan(self, portloop_scan_pause);
}
static PyObject* scan_resume(PyObject* self, PyObject* nothing) {
  return (void)nothing, on_scan(self, portloop_scan_resume);
}
static PyObject* scan_finish(PyObject* self, PyObject* nothing) {
  return (void)nothing, on_scan(self, portloop_scan_finish_input);
}

static PyObject* scan_close(PyObject* object, PyObject* nothing) {
  (void)nothing;
  nested_scan_close(nested_of(object));
  Py_RETURN_NONE;
}

static PyObject* scan_set_in_flight(PyObject* object, PyObject* arguments) {
  portloop_scan* scan = nested_of(object)->scan;
  unsigned int connects;
  if (!PyArg_ParseTuple(arguments, "I", &connects)) return NULL;
  return limit_result(scan == NULL ? 0 : portloop_scan_set_in_flight(scan, connects), in_flight_rule);
}

static PyObject* scan_set_rate(PyObject* object, PyObject* arguments) {
  portloop_scan* scan = nested_of(object)->scan;
  double rate;
  if (!PyArg_ParseTuple(arguments, "d", &rate)) return NULL;
  return limit_result(scan == NULL ? 0 : portloop_scan_set_rate(scan, rate), rate_rule);
}

/* add(target, ports or None, tag) */
static PyObject* scan_add(PyObject* object, PyObject* arguments) {
  portloop_scan* scan = nested_of(object)->scan;
  const char *target, *ports;
  unsigned long long tag;
  int error;
  if (!PyArg_ParseTuple(arguments, "szK", &target, &ports, &tag)) return NULL;
  error = scan == NULL ? UV_ESHUTDOWN : portloop_scan_add_target(scan, target, ports, tag);
  if (error == 0) Py_RETURN_NONE;
  if (error == UV_EINVAL) {
    PyErr_SetString(PyExc_ValueError, portloop_scan_input_error(scan));
    return NULL;
  }
  return error == UV_ESHUTDOWN ? raise_with(NESTED_INPUT_CLOSED, error) : raise_scan_error(error);
}

static PyObject* row_of(const struct nested_event* event) {
  static const char* const host_events[] = {"absent", "silent", "back", "all-open", "banned"};
  const portloop_result* result = &event->result;
  char address[64];
  portloop_format_address((const struct sockaddr*)&result->address, address, sizeof address);
  if (event->is_host)
    return Py_BuildValue("ss", address,
                         (size_t)event->host_event < sizeof host_events / sizeof *host_events
                             ? host_events[event->host_event]
                             : "unknown");
  return Py_BuildValue("sHsssIKzNKi", address, result->port, portloop_state_name(result->state),
                       portloop_reason_name(result->reason), portloop_service_name(result->port), result->attempts,
                       (unsigned long long)result->rtt_us, result->error == 0 ? NULL : uv_err_name(result->error),
                       bytes_or_none(result->banner, result->banner_length), (unsigned long long)result->tag,
                       event->fd);
}

/* What the scan has reported since the last call. If there is no memory for all of it, the rest comes next time. */
static PyObject* scan_take(PyObject* object, PyObject* nothing) {
  struct nested_scan* scan = nested_of(object);
  PyObject* rows = PyList_New(0);
  (void)nothing;
  while (rows != NULL && scan->first != NULL) {
    PyObject* row = row_of(scan->first);
    struct nested_event* event;
    if (row == NULL || PyList_Append(rows, row) != 0) {
      Py_XDECREF(row);
      if (PyList_Size(rows) == 0) Py_CLEAR(rows);
      if (rows != NULL) PyErr_Clear();
      break;
    }
    Py_DECREF(row);
    event = nested_scan_take(scan);
    nested_event_take_fd(event); /* it is in the row */
    nested_event_free(scan, event);
  }
  return rows;
}

/* Resets a connection that nobody has taken: fd. */
static PyObject* scan_reset(PyObject* object, PyObject* argument) {
  const long fd = PyLong_AsLong(argument);
  if (fd == -1 && PyErr_Occurred()) return NULL;
  nested_connection_reset((int)fd, nested_of(object)->process);
  Py_RETURN_NONE;
}

static PyObject* scan_take_progress(PyObject* object, PyObject* nothing) {
  (void)nothing;
  return PyBool_FromLong(nested_scan_take_progress(nested_of(object)));
}

static PyObject* scan_stats(PyObject* object, PyObject* nothing) {
  const struct nested_scan* scan = nested_of(object);
  portloop_stats now;
  (void)nothing;
  if (scan->scan == NULL) Py_RETURN_NONE;
  portloop_scan_stats(scan->scan, &now, sizeof now);
  return Py_BuildValue("KKKKKKIK", (unsigned long long)now.probes, (unsigned long long)now.connects,
                       (unsigned long long)now.open, (unsigned long long)now.closed, (unsigned long long)now.filtered,
                       (unsigned long long)now.unknown, (unsigned int)now.in_flight, (unsigned long long)now.waiting);
}

/* Raises the error that ended the scan, if there is one. */
static PyObject* scan_check(PyObject* object, PyObject* nothing) {
  const int status = nested_of(object)->status;
  (void)nothing;
  if (status != 0 && status != UV_ECANCELED) return raise_scan_error(status);
  Py_RETURN_NONE;
}

static PyObject* scan_is_done(PyObject* object, void* nothing) {
  (void)nothing;
  return PyBool_FromLong(nested_of(object)->is_done);
}

static PyObject* scan_is_closed(PyObject* object, void* nothing) {
  (void)nothing;
  return PyBool_FromLong(nested_of(object)->scan == NULL);
}

/* ---- The module ---- */

static PyMethodDef loop_methods[] = {
    {"fileno", loop_fileno, METH_NOARGS, NULL}, {"turn", loop_turn, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyMethodDef scan_methods[] = {{"start", scan_start, METH_VARARGS, NULL},
                                     {"stop", scan_stop, METH_NOARGS, NULL},
                                     {"pause", scan_pause, METH_NOARGS, NULL},
                                     {"resume", scan_resume, METH_NOARGS, NULL},
                                     {"close", scan_close, METH_NOARGS, NULL},
                                     {"set_in_flight", scan_set_in_flight, METH_VARARGS, NULL},
                                     {"set_rate", scan_set_rate, METH_VARARGS, NULL},
                                     {"add", scan_add, METH_VARARGS, NULL},
                                     {"finish", scan_finish, METH_NOARGS, NULL},
                                     {"take", scan_take, METH_NOARGS, NULL},
                                     {"reset", scan_reset, METH_O, NULL},
                                     {"take_progress", scan_take_progress, METH_NOARGS, NULL},
                                     {"stats", scan_stats, METH_NOARGS, NULL},
                                     {"check", scan_check, METH_NOARGS, NULL},
                                     {NULL, NULL, 0, NULL}};
static PyGetSetDef scan_attributes[] = {{"done", scan_is_done, NULL, NULL, NULL},
                                        {"closed", scan_is_closed, NULL, NULL, NULL},
                                        {NULL, NULL, NULL, NULL, NULL}};

static PyMethodDef group_methods[] = {{"set_in_flight", group_set_in_flight, METH_VARARGS, NULL},
                                      {"set_rate", group_set_rate, METH_VARARGS, NULL},
                                      {"apply", group_apply, METH_O, NULL},
                                      {NULL, NULL, 0, NULL}};

static PyType_Slot group_slots[] = {
    {Py_tp_new, group_new}, {Py_tp_dealloc, group_dealloc}, {Py_tp_methods, group_methods}, {0, NULL}};
static PyType_Slot loop_slots[] = {
    {Py_tp_new, loop_new}, {Py_tp_dealloc, loop_dealloc}, {Py_tp_methods, loop_methods}, {0, NULL}};
static PyType_Slot scan_slots[] = {{Py_tp_new, scan_new},
                                   {Py_tp_dealloc, scan_dealloc},
                                   {Py_tp_methods, scan_methods},
                                   {Py_tp_getset, scan_attributes},
                                   {0, NULL}};
static PyType_Spec specs[] = {{"portloop._native.Group", sizeof(Group), 0, Py_TPFLAGS_DEFAULT, group_slots},
                              {"portloop._native.Loop", sizeof(Loop), 0, Py_TPFLAGS_DEFAULT, loop_slots},
                              {"portloop._native.Scan", sizeof(Scan), 0, Py_TPFLAGS_DEFAULT, scan_slots}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, NULL, NULL, NULL, NULL, NULL};

static int add(PyObject* module, const char* name, PyObject* value) {
  if (value != NULL && PyModule_AddObject(module, name, value) == 0) return 0;
  Py_XDECREF(value);
  return -1;
}

PyMODINIT_FUNC PyInit__native(void) {
  static const char* const names[] = {"Group", "Loop", "Scan"};
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
