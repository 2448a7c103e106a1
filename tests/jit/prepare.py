"""
Make what ``run.py`` beside it runs in: an environment with the packages and this cuda-shims, and a classic toolkit.

``python tests/jit/prepare.py FOLDER`` makes ``FOLDER/venv`` by uv, and ``FOLDER/classic`` of its wheels; some 12 GB.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "support"))

from classic import make_classic  # noqa: E402 # the line before makes it findable

#: of torch and its like: their requirements are those of servers, and pin other releases of what the rest needs
ALONE = ("sglang==0.5.23",)
#: what that imports where its kernels are compiled
ITS_OWN = (
    "aiohttp",
    "ipython",
    "msgspec",
    "orjson",
    "pillow",
    "pybase64",
    "pydantic",
    "pyzmq",
    "requests",
    "starlette",
    "transformers",
)


def main():
    folder = Path(sys.argv[1])
    python = folder / "venv/bin/python"
    install = ["uv", "pip", "install", "-q", "-p", python]
    build = ["uv", "build", "-q", "--wheel", "-o", folder / "wheel", HERE.parent.parent]
    for command in (["uv", "venv", "-q", "--python", sys.executable, folder / "venv"], build):
        subprocess.run(command, check=True)
    ours = f"cuda-shims[cu132] @ {next(folder.glob('wheel/*.whl')).as_uri()}"
    # PyCUDA is compiled: its build gets what ours brings
    pycuda = folder / "pycuda.toml"
    pycuda.write_text(f'[extra-build-dependencies]\npycuda = ["{ours}", "cuda-toolkit[curand,profiler]"]\n')
    packages = [*install, "--config-file", pycuda, "-r", HERE / "requirements.txt", *ITS_OWN, ours]
    # that build starts with the hook, which tox switches off
    hooked = {name: value for name, value in os.environ.items() if name != "CUDA_SHIMS_STARTUP"}
    subprocess.run(packages, check=True, env=hooked)
    subprocess.run([*install, "--no-deps", *ALONE], check=True)
    code = "import os; print(os.environ['CUDA_HOME'])"
    started = {"PATH": os.environ["PATH"]}  # with the hook, which the tests' own start of Python is without
    said = subprocess.run([python, "-c", code], env=started, capture_output=True, text=True, check=True).stdout
    root = Path(said.strip())
    make_classic(root.parent.parent, root, folder / "classic")


if __name__ == "__main__":
    main()
