"""A start of Python in a real environment: what it imports, and when the hook runs."""

from __future__ import annotations

import subprocess

import pytest
from fake_toolkit import write

LOADED = "print(*sorted(sys.modules))"


def test_a_start_imports_one_module(new_venv, toolkit):
    """For a ``.start`` file in place of the ``.pth`` file Python 3.15 would import pkgutil and re too."""
    bare = new_venv("bare")
    write(f"{bare.site}/other.pth", b"# site imports a codec for any\n")
    venv = new_venv(base=["cuda-shims", *toolkit()])
    venv.ask("pass")
    assert set(venv.ask(LOADED).split()) - set(bare.ask(LOADED).split()) == {"_cuda_shims"}


@pytest.mark.parametrize("system", [False, True], ids=["", "sitecustomize"])
def test_the_hook_runs_once_when_all_directories_are_known(new_venv, toolkit, system):
    """``uv run --with`` has a ``.pth`` file that adds our directory, whose files are read at once, and then another."""
    ours, wheels, venv = new_venv("ours", base=["cuda-shims"]), new_venv("wheels", base=toolkit()), new_venv()
    line = f"import site; site.addsitedir({ours.site!r}); site.addsitedir({wheels.site!r})\n"
    write(f"{venv.site}/_uv_ephemeral_overlay.pth", line.encode())
    if system:  # it sees what the hook has set
        write(f"{venv.site}/sitecustomize.py", b"import os; os.environ['SEEN'] = os.environ.get('CUDA_HOME', '')\n")
        found = venv.ask("import sitecustomize; print(sitecustomize.__file__)")
        if found != f"{venv.site}/sitecustomize.py":
            pytest.skip(f"this Python has a sitecustomize of its own, as Debian's has: {found}")
    show = "import os, sys; print(*(os.environ.get(name) for name in ('CUDA_HOME', 'SEEN')), *map(str, sys.meta_path))"
    environ = venv.environ(CUDA_SHIMS_DEBUG="1")
    done = subprocess.run([venv.python, "-c", show], env=environ, capture_output=True, text=True, check=True)
    home, seen, *finders = done.stdout.split(maxsplit=2)
    assert home.startswith(f"{venv.home}/cache/cuda-shims/roots/")
    assert seen == (home if system else "None")
    assert "cuda_shims" not in finders[0]
    assert done.stderr.count("cuda-shims: CUDA_HOME=") == 1
    assert "no toolkit" not in done.stderr
