/* The extension module heat._heat. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <limits.h>

#include "heat.h"

static PyObject *simulate(PyObject *self, PyObject *args) {
  (void)self;
  Py_buffer values;
  int steps;
  if (!PyArg_ParseTuple(args, "w*i", &values, &steps)) return NULL;
  int status = -1;
  if (values.len % sizeof(float) || values.len / sizeof(float) > INT_MAX) {
    PyErr_SetString(PyExc_ValueError, "a buffer of floats is wanted");
  } else {
    Py_BEGIN_ALLOW_THREADS
    status = heat_simulate(values.buf, (int)(values.len / sizeof(float)), steps);
    Py_END_ALLOW_THREADS
    if (status) PyErr_SetString(PyExc_RuntimeError, heat_error(status));
  }
  PyBuffer_Release(&values);
  if (status) return NULL;
  Py_RETURN_NONE;
}

static PyObject *versions(PyObject *self, PyObject *args) {
  (void)self;
  (void)args;
  int headers, runtime;
  heat_versions(&headers, &runtime);
  return Py_BuildValue("ii", headers, runtime);
}

static PyMethodDef methods[] = {
    {"simulate", simulate, METH_VARARGS, "Cool the floats of a buffer, in place, for some steps."},
    {"versions", versions, METH_NOARGS, "Return the versions of CUDA's headers and of its runtime library."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_heat", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__heat(void) { return PyModule_Create(&definition); }
