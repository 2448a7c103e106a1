"""Each error is one sentence that says what to do, and carries its fields."""

from __future__ import annotations

import pickle

import pytest

import cuda_shims
from cuda_shims import errors

ERRORS = [
    (errors.ToolkitNotFoundError("here"), 1, 'no pip-installed CUDA toolkit in here; .* pip install "cuda-shims'),
    (errors.ToolkitNotFoundError("here", "14"), 1, "no pip-installed CUDA 14 toolkit in here"),
    (errors.ToolNotFoundError("x", "run y"), 127, "x is not installed here: run y"),
    (errors.ConfigError("file", "key", "is odd"), 2, "file: key: is odd"),
    (errors.BadEnvironmentError("path", "is odd"), 2, "path: is odd"),
    (
        errors.UnreadableLogError("path", "No such file"),
        2,
        r"path: the log cannot be read \(No such file\); name a file",
    ),
    (errors.NotWritableError("path", "No space"), 1, r"cannot write path \(No space\); nothing is half-written"),
    (errors.UninstalledError("path"), 1, "cuda-shims was uninstalled from path while it .*: install it again"),
]


@pytest.mark.parametrize(("error", "code", "text"), ERRORS, ids=lambda each: type(each).__name__)
def test_one_sentence_and_an_exit_code(error, code, text):
    def fail():
        raise error

    with pytest.raises(errors.CudaShimsError, match=text) as raised:
        fail()
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == code
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 # errors travel between processes
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_the_public_names():
    for name in cuda_shims.__all__:
        assert getattr(cuda_shims, name) is not None
    assert cuda_shims.ConfigError is errors.ConfigError
    with pytest.raises(AttributeError, match="nonsense"):
        _ = cuda_shims.nonsense
