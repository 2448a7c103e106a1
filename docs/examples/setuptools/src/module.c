/* The extension module primes._primes. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "sieve.h"

static PyObject *sieve(PyObject *self, PyObject *args) {
  (void)self;
  int limit, status;
  if (!PyArg_ParseTuple(args, "i", &limit)) return NULL;
  if (limit < 1) {
    PyErr_SetString(PyExc_ValueError, "a limit of at least 1 is wanted");
    return NULL;
  }
  PyObject *flags = PyBytes_FromStringAndSize(NULL, limit);
  if (!flags) return NULL;
  uint8_t *data = (uint8_t *)PyBytes_AS_STRING(flags);
  Py_BEGIN_ALLOW_THREADS
  status = primes_sieve(data, limit);
  Py_END_ALLOW_THREADS
  if (status) {
    PyErr_SetString(PyExc_RuntimeError, primes_error(status));
    Py_DECREF(flags);
    return NULL;
  }
  return flags;
}

static PyObject *versions(PyObject *self, PyObject *args) {
  (void)self;
  (void)args;
  int headers, runtime;
  primes_versions(&headers, &runtime);
  return Py_BuildValue("ii", headers, runtime);
}

static PyMethodDef methods[] = {
    {"sieve", sieve, METH_VARARGS, "Return a byte for each number below a limit: 1 if it is prime."},
    {"versions", versions, METH_NOARGS, "Return the versions of CUDA's headers and of its runtime library."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_primes", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__primes(void) { return PyModule_Create(&definition); }
