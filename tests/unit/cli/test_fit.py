"""``cuda-shims fit``: its formats, and what bad input gets."""

from __future__ import annotations

import json
import os

import pytest
from cuda_metadata import REQUIRES, metadata
from fake_toolkit import write, write_distribution

from cuda_shims.cli import main

TABLE = "[tool.uv.extra-build-dependencies]\n"
CONSTRAINTS = """\
cuda-toolkit==13.2.*
nvidia-cuda-nvcc==13.2.*
nvidia-nvvm==13.2.*
nvidia-cuda-crt==13.2.*
nvidia-cuda-runtime==13.2.*
torch==2.15.0
"""


@pytest.fixture
def fit(tmp_path, capfd):
    """Give a function that asks of a folder that has torch, and returns exit code, standard output and error."""
    site = str(tmp_path / "site")
    # of a label, and so the same on every system
    write_distribution(site, "torch", "2.15.0", {}, ["cuda-toolkit[cudart]==13.2.2"])
    write_distribution(site, "cupy-cuda13x", "14.2.0", {}, REQUIRES["cupy-cuda13x"]["14.2.0"])

    def fit(*words):
        capfd.readouterr()
        try:
            code = main(["fit", "--target", site, *words])
        except SystemExit as stopped:
            code = stopped.code
        return (code, *capfd.readouterr())

    fit.site = site
    return fit


@pytest.mark.parametrize(
    ("words", "out"),
    [
        ("", "cuda-shims[cu132]\n"),
        ("torch", "cuda-shims[cu132]\n"),
        ("cupy.cuda13x --format pip", "cuda-shims[cu13]\n"),
        ("--format uv", TABLE + 'their-package = ["cuda-shims[cu132]", "torch==2.15.0"]\n'),
        ("--format uv --for flash-attn", TABLE + 'flash-attn = ["cuda-shims[cu132]", "torch==2.15.0"]\n'),
        ("--format uv --for zope.attn cupy-cuda13x", TABLE + '"zope.attn" = ["cuda-shims[cu13]"]\n'),
        ("--format constraints", CONSTRAINTS),
    ],
)
def test_formats(fit, words, out):
    assert fit(*words.split()) == (0, out, "")


def test_why(fit):
    code, out, err = fit("-v")
    assert (code, out) == (0, "cuda-shims[cu132]\n")
    assert err == "cuda-shims: torch 2.15.0 needs CUDA 13.2 (cuda-toolkit[cudart]==13.2.2)\n"


def test_json_has_all_of_it_whatever_the_format(fit):
    code, out, err = fit("--json", "--format", "uv")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "schema": 1,
        "requirement": "cuda-shims[cu132]",
        "release": "13.2",
        "distribution": "torch",
        "version": "2.15.0",
        "because": "cuda-toolkit[cudart]==13.2.2",
        "build_requires": ["cuda-shims[cu132]", "torch==2.15.0"],
        "constraints": CONSTRAINTS.split(),
    }


def test_a_file_needs_no_environment(fit, tmp_path):
    path = write(str(tmp_path / "torch.metadata"), metadata("torch", "2.9.1+cu130").encode())
    assert fit(path)[:2] == (0, "cuda-shims[cu130]\n")


@pytest.mark.parametrize(
    ("word", "code", "said"),
    [
        ("numpy", 1, "'numpy' is not installed in "),
        ("torch==2.13.0", 1, ", torch 2.15.0 is; install it there, or give the path of its wheel"),
        ("torch\n", 0, ""),  # a program that reads a file's lines
        ("nowhere/torch.whl", 2, "nowhere/torch.whl: no metadata can be read"),
        ("a\x1b[31m\nb", 1, r"'a\x1b[31m\nb' is not installed"),
    ],
)
def test_bad_input(fit, word, code, said):
    done = fit(word)
    assert done[0] == code
    assert said in done[2]
    assert done[2].count("\n") == (1 if code else 0)
    assert bool(done[1]) == (code == 0)


def test_a_format_that_there_is_not(fit):
    code, out, err = fit("--format", "poetry")
    assert (code, out) == (2, "")
    assert "pip" in err


@pytest.mark.parametrize(
    "name", ["", " ", 'a"b', "a\nb = 1", "my pkg", ".", "-x", "a-", "Ünï", "\udcff", "a==1", "a[b]"]
)
def test_a_package_that_has_no_such_name(fit, name):
    code, out, err = fit("--format", "uv", f"--for={name}")
    assert (code, out) == (2, "")
    assert err.endswith("is not the name of a package, such as flash-attn\n")


def test_an_environment_that_cannot_be_read(fit):
    os.rename(fit.site, fit.site + "-gone")
    code, out, err = fit()
    assert (code, out) == (2, "")
    assert "no such directory" in err
