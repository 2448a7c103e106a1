"""
Interpreters: which one a user means, and what it reports.

We run it instead of using virtualenv's discovery. That reports what sysconfig says: for a virtual environment its
base's directories, for Debian's Python ``/usr/lib/python3.11/site-packages``, which is not searched. It also caches
this on disk. ``sys.path`` tells where Python looks, with ``.pth`` files, ``--system-site-packages`` and the user site.
"""

from __future__ import annotations

import os

from cuda_shims.errors import BadEnvironmentError
from cuda_shims.process import find_program

#: where an environment has its interpreter: a virtual one, another (``/usr``), one on Windows, conda's there
_PLACES = ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe")
#: the usual name of an environment in a project's folder
_INSIDE = (".venv", "venv", "env")
#: precedes the answer: a sitecustomize, or a script that starts the interpreter, may print something else
_MARK = "cuda-shims was answered: "
# the current directory comes first with -c, and may hold a json.py: it is "/" (before this runs, Python 3.13 imports
# linecache), and then not even that is searched
_ASK = f"""\
import sys
sys.path[:] = [each for each in sys.path if each]
import json, sysconfig
answer = [sys.version_info[:2], sys.path, sysconfig.get_path("scripts"), sys.executable]
print("\\n{_MARK}" + json.dumps(answer))
"""
#: those of Python's own variables that determine this user's site-packages directories
_KEPT = {"PYTHONNOUSERSITE", "PYTHONUSERBASE"}
_SECONDS = 60
_LONGEST = 200


def ask(python: str) -> tuple[list[str], str, str]:
    """
    Ask an interpreter, or that of an environment's directory, where it looks for modules.

    Not with ``-I``, which removes the user site too. PYTHONPATH and the current directory, which say nothing about
    its environment, are removed one by one.

    :returns: its ``sys.path``, its scripts directory, ``sys.executable``

    """
    import json  # noqa: PLC0415
    import subprocess  # noqa: PLC0415

    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") or name in _KEPT}
    command = [_executable(python), "-B", "-c", _ASK]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=True,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
            cwd=os.path.abspath(os.sep),
            env={**environ, "CUDA_SHIMS_STARTUP": "0"},
        )
        _, _, text = done.stdout.rpartition(_MARK.encode())
        version, path, scripts, executable = json.loads(text.partition(b"\n")[0])
        is_old = tuple(version) < (3, 9)
        # a TypeError for what is not text
        answer = [os.fspath(each) for each in path], os.fspath(scripts), os.fspath(executable)
    except (OSError, RecursionError, TypeError, ValueError, subprocess.SubprocessError) as error:
        inside = next((name for name in _INSIDE if own_interpreter(os.path.join(python, name))), None)
        fix = f"did you mean {os.path.join(python, inside)}?" if inside else "give --python the path of one"
        problem = f"this is not a Python interpreter or environment ({_reason(error)}); {fix}"
        raise BadEnvironmentError(python, problem) from error
    if is_old:
        raise BadEnvironmentError(python, f"this is Python {version[0]}.{version[1]}; cuda-shims needs 3.9 or later")
    return answer


def own_interpreter(folder: str) -> str | None:
    """Find the interpreter of an environment."""
    places = (os.path.join(folder, *place.split("/")) for place in _PLACES)
    return next((each for each in places if os.path.exists(each)), None)


def _executable(python: str) -> str:
    if os.path.isdir(python):
        return os.path.abspath(own_interpreter(python) or python)
    if os.path.dirname(python):
        return os.path.abspath(python)
    # a name is searched for as a shell does, so never in the current directory; 3.12 is python3.12
    name = f"python{python}" if python.replace(".", "", 1).isdigit() else python
    found = find_program(name, os.environ.get("PATH", ""))
    if found is None:
        problem = f"there is no {name} on PATH; give --python the path of an interpreter or of an environment"
        raise BadEnvironmentError(python, problem)
    return found


def _reason(error: Exception) -> str:
    import subprocess  # noqa: PLC0415

    if isinstance(error, IsADirectoryError) or (isinstance(error, PermissionError) and os.path.isdir(error.filename)):
        return "it has no bin/python"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it does not answer within {_SECONDS} s"
    said = error.stderr.decode("utf-8", "replace") if isinstance(error, subprocess.CalledProcessError) else ""
    lines = ["".join(filter(str.isprintable, line)).strip()[:_LONGEST] for line in said.splitlines()]
    # "Fatal Python error: …" has lines before and after it, a traceback its error at the end
    wanted = [line for line in lines if "rror: " in line]
    return next(filter(None, [*wanted, *lines]), "it does not answer like one")
