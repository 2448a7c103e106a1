"""
Which toolkit a process gets where there is a choice: everything that can be asked gives one answer, or refuses alike.

What a project chooses is for the process that runs in it, and leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest
from fake_toolkit import PYTHON, write
from venv_support import NEXT_VERSION, TOML

HOOK = """\
import os, shutil
ours = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CUDACXX", "NVCC", "CUDA_SHIMS_ROOT", "CUDA_SHIMS_FORWARD")
print({name: os.environ[name] for name in ours if name in os.environ}, os.environ.get("PATH"), sep="\\n")
"""
API = "import cuda_shims; print(cuda_shims.variables()['CUDA_HOME'])"
REFUSED_API = """\
import cuda_shims
try:
    print("given:", cuda_shims.variables()["CUDA_HOME"])
except cuda_shims.ToolkitNotFoundError as error:
    print(error)
"""


def ask(venv, *command, cwd=None, **environ):
    """Run a command of an environment whose scripts are on PATH; ``None`` unsets a variable."""
    environ = venv.environ(**{"PATH": f"{venv.bin}:/usr/bin:/bin", **environ})
    environ = {name: value for name, value in environ.items() if value is not None}
    return subprocess.run(command, env=environ, cwd=cwd or venv.home, capture_output=True, text=True, check=False)


def answer(venv, *command, **more):
    """Run a command of an environment, and return what it printed."""
    done = ask(venv, *command, **more)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.strip().rstrip("\0")


def hook(venv, **more):
    """Return the variables that a start of Python makes of those that are given, and its PATH."""
    said = answer(venv, venv.python, "-c", HOOK, **more).split("\n")
    return json.loads(said[0].replace("'", '"')), said[1]


def findings(venv, **more):
    """Return what the doctor finds, a list."""
    done = ask(venv, f"{venv.bin}/cuda-shims", "doctor", "--json", **more)
    assert done.stderr == ""
    return json.loads(done.stdout)["findings"]


def root_of(venv, major=13):
    return f"{venv.site}/cuda_shims_toolkit/cu{major}"


def project(folder, text):
    """Make the folder of a project with a table of ours."""
    write(f"{folder}/pyproject.toml", f"[tool.cuda-shims]\n{text}\n".encode())
    return str(folder)


@pytest.fixture
def both(new_venv, toolkit, tmp_path):
    """Return an environment with two majors of the toolkit in one site-packages directory."""
    venv = new_venv(base=["cuda-shims", *TOML, *toolkit()])
    # their distributions have the same names, so an installer would replace the one by the other
    second = str(tmp_path / "second")
    venv.install(*toolkit(NEXT_VERSION), options=["--target", second])
    shutil.copytree(f"{second}/nvidia", f"{venv.site}/nvidia", dirs_exist_ok=True)
    for name in os.listdir(second):
        if name.endswith(".dist-info"):
            shutil.copytree(f"{second}/{name}", f"{venv.site}/{name}")
    return venv


# --- a choice that cannot be met ---


#: who chooses what; the major that is installed is 13
REFUSED = {
    "project": ("toolkit = 14", {}, "14"),
    "project, a string": ('toolkit = "14"', {}, "14"),
    "project, CUDA 12": ("toolkit = 12", {}, "12"),
    "project, and the wheels preferred": ('toolkit = 14\nprefer = "wheels"', {"CUDA_HOME": "/no/such"}, "14"),
    "variable": ("", {"CUDA_SHIMS_TOOLKIT": "14"}, "14"),
    "variable, against the project": ("toolkit = 13", {"CUDA_SHIMS_TOOLKIT": "14"}, "14"),
}


@pytest.mark.parametrize("state", ["first start", "fresh root"])
@pytest.mark.parametrize("case", REFUSED)
def test_a_major_that_is_not_installed(new_venv, toolkit, tmp_path, case, state):
    """The hook gives none, and the commands refuse with the line that installs what was asked for."""
    text, environ, wanted = REFUSED[case]
    venv = new_venv(base=["cuda-shims", *TOML, *toolkit()])
    if state == "fresh root":
        assert hook(venv)[0]["CUDA_HOME"] == root_of(venv)
    folder = project(tmp_path / "project", text)
    left = {name: value for name, value in environ.items() if name == "CUDA_HOME"}
    variables, path = hook(venv, cwd=folder, **environ)
    forward = variables.pop("CUDA_SHIMS_FORWARD", None)
    assert (variables, path) == (left, f"{venv.bin}:/usr/bin:/bin")
    # shims read no project, so they are told: what a build calls by PATH is not of another major
    assert forward == (wanted if case.startswith("project") else None)
    code = "import subprocess, sys; sys.exit(subprocess.run(['nvcc']).returncode)"
    done = ask(venv, venv.python, "-c", code, cwd=folder, **environ)
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr.count("\n") == 1
    asker = "[tool.cuda-shims] toolkit" if case.startswith("project") else "CUDA_SHIMS_TOOLKIT"
    assert f"{asker}={wanted}" in done.stderr

    fix = re.compile(rf'install (--python \S+ )?"(cuda-shims\[cu{wanted}\]|cuda-toolkit\[[a-z,]+\]==(.*,)?{wanted}\.)')
    for command in (["root"], ["env"], ["exec", "true"], ["which", "nvcc"]):
        done = ask(venv, f"{venv.bin}/cuda-shims", *command, cwd=folder, **environ)
        assert done.returncode in ({1, 127} if command[0] == "which" else {1}), (command, done)
        assert done.stdout == "", command
        assert fix.search(done.stderr), (command, done.stderr)
        assert "cu13" not in done.stderr.replace(venv.site, ""), (command, done.stderr)
        assert done.stderr.count("\n") == 1, (command, done.stderr)
    assert fix.search(answer(venv, venv.python, "-c", REFUSED_API, cwd=folder, **environ))
    found = findings(venv, cwd=folder, **environ)
    refusals = [each for each in found if fix.search(f"{each['what']} {each['fix']}")]
    assert [each["level"] for each in refusals] == ["error"]


def test_a_process_that_is_started_in_a_project_takes_its_parents_choice_back(new_venv, toolkit, tmp_path):
    """As pip, which runs anywhere, starts a back end in the project's folder."""
    venv = new_venv(base=["cuda-shims", *TOML, *toolkit()])
    folder = project(tmp_path / "project", "toolkit = 14")
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOOK!r}], cwd={folder!r}, check=True)"
    said = answer(venv, venv.python, "-c", code).split("\n")
    assert said == ["{'CUDA_SHIMS_FORWARD': '14'}", f"{venv.bin}:/usr/bin:/bin"]  # by which the shims refuse as well


def test_what_comes_before_a_projects_choice(new_venv, toolkit, tmp_path):
    """A variable of the user's is in the way of none that it beats: contract 4.0, in its order."""
    venv = new_venv(base=["cuda-shims", *TOML, *toolkit()])
    folder = project(tmp_path / "project", "toolkit = 14")
    assert hook(venv, cwd=folder, CUDA_SHIMS_TOOLKIT="13")[0]["CUDA_HOME"] == root_of(venv)
    assert answer(venv, f"{venv.bin}/cuda-shims", "root", cwd=folder, CUDA_SHIMS_TOOLKIT="13") == root_of(venv)
    other = str(tmp_path / "other")
    nvcc = write(f"{other}/bin/nvcc", b"#!/bin/sh\necho other\n", 0o755)
    assert hook(venv, cwd=folder, CUDA_HOME=other)[0]["CUDA_HOME"] == other
    for toolkit_path in (other, root_of(venv)):
        assert hook(venv, cwd=folder, CUDA_SHIMS_TOOLKIT=toolkit_path)[0]["CUDA_HOME"] == toolkit_path
        asked = answer(venv, f"{venv.bin}/cuda-shims", "root", cwd=folder, CUDA_SHIMS_TOOLKIT=toolkit_path)
        assert asked == toolkit_path
    assert answer(venv, f"{venv.bin}/nvcc", cwd=folder, CUDA_SHIMS_TOOLKIT=other) == "other"
    assert answer(venv, f"{venv.bin}/cuda-shims", "which", "nvcc", cwd=folder, CUDA_SHIMS_TOOLKIT=other) == nvcc


# --- a choice among two ---


def test_a_project_chooses_among_two(both, tmp_path):
    folder = project(tmp_path / "project", "toolkit = 13")
    thirteen, fourteen = (root_of(both, major) for major in (13, 14))
    assert hook(both)[0]["CUDA_HOME"] == fourteen
    assert answer(both, f"{both.bin}/nvcc") == f"{fourteen}/bin/nvcc"

    variables, path = hook(both, cwd=folder)
    assert variables["CUDA_HOME"] == thirteen
    assert path.split(":")[0] == f"{thirteen}/bin"
    assert answer(both, f"{both.bin}/cuda-shims", "root", cwd=folder) == thirteen
    assert answer(both, both.python, "-c", API, cwd=folder) == thirteen
    assert answer(both, f"{both.bin}/cuda-shims", "exec", "nvcc", cwd=folder) == f"{thirteen}/bin/nvcc"
    script = 'eval "$(cuda-shims env)"; nvcc'
    assert answer(both, "sh", "-c", script, cwd=folder) == f"{thirteen}/bin/nvcc"
    (found,) = [each for each in findings(both, cwd=folder) if each["code"] == "toolkit"]
    assert "13.5.37" in found["what"]


def test_which_says_that_a_shell_gets_another_one(both, tmp_path):
    """Shims read no project: where that makes a difference, which says it, and how to make it none."""
    folder = project(tmp_path / "project", "toolkit = 13")
    hook(both)
    hook(both, cwd=folder)
    run = answer(both, "nvcc", cwd=folder)
    done = ask(both, f"{both.bin}/cuda-shims", "which", "nvcc", cwd=folder)
    assert done.returncode == 0
    assert done.stdout == f"{root_of(both, 13)}/bin/nvcc\n"
    if run != done.stdout.strip():
        assert run in done.stderr
        assert "CUDA_SHIMS_TOOLKIT=13" in done.stderr
    else:
        assert done.stderr == ""
    # where it makes none there is nothing to say
    done = ask(both, f"{both.bin}/cuda-shims", "which", "nvcc", cwd=folder, CUDA_SHIMS_TOOLKIT="13")
    assert (done.stdout, done.stderr) == (f"{root_of(both, 13)}/bin/nvcc\n", "")
    assert answer(both, "nvcc", cwd=folder, CUDA_SHIMS_TOOLKIT="13") == f"{root_of(both, 13)}/bin/nvcc"
    done = ask(both, f"{both.bin}/cuda-shims", "which", "nvcc")
    assert (done.stdout, done.stderr) == (f"{root_of(both, 14)}/bin/nvcc\n", "")


def test_a_shim_that_a_build_calls_by_its_path(both, tmp_path):
    """CMAKE_CUDA_COMPILER=<environment>/bin/nvcc: never the compiler of one toolkit and the libraries of another."""
    folder = project(tmp_path / "project", "toolkit = 13")
    code = (
        f"import os, subprocess; print(os.environ['CUDA_HOME'], flush=True); subprocess.run([{both.bin + '/nvcc'!r}])"
    )
    home, nvcc = answer(both, both.python, "-c", code, cwd=folder).split("\n")
    assert nvcc == f"{home}/bin/nvcc"


# --- what a project leaves behind ---


PROJECTS = {
    "driver-stub": "driver-stub = false",
    "toolkit": "toolkit = 13",
    "prefer": 'prefer = "wheels"',
    "unknown": "no-such-key = 1",
    "no TOML": "= = =",
}


@pytest.mark.parametrize("first", ["hook", "root", "install", "shim"])
@pytest.mark.parametrize("case", PROJECTS)
def test_a_project_changes_nothing_that_outlives_the_process(new_venv, toolkit, tmp_path, case, first):
    """Whichever project Python starts in first, and be it a stranger's checkout, the root is the same."""
    venv = new_venv(base=["cuda-shims", *TOML, *toolkit()])
    hook(venv)

    def content():
        root = os.path.realpath(root_of(venv))
        found = {}
        for top, folders, files in os.walk(root):
            for name in (*folders, *files):
                path = os.path.join(top, name)
                found[os.path.relpath(path, root)] = os.path.islink(path) and os.readlink(path)
        return found

    wanted = content()
    assert "lib/stubs/libcuda.so" in wanted
    shutil.rmtree(f"{venv.site}/cuda_shims_toolkit")
    command = {
        "hook": [venv.python, "-c", "pass"],
        "root": [f"{venv.bin}/cuda-shims", "root"],
        "install": [f"{venv.bin}/cuda-shims", "install"],
        "shim": [f"{venv.bin}/nvcc"],
    }[first]
    ask(venv, *command, cwd=project(tmp_path / "project", PROJECTS[case]))
    hook(venv)
    assert content() == wanted


# --- another environment than the shell's ---


@pytest.fixture
def two(new_venv, toolkit):
    """Return two environments with different releases."""
    return [new_venv(name, base=["cuda-shims", *toolkit(version)]) for name, version in
            (("v", "13.5.37"), ("v2", "13.4.92"))]  # fmt: skip


SWITCH = """\
. {0}/bin/activate
eval "$(cuda-shims env)"
deactivate
. {1}/bin/activate
"""


@pytest.mark.parametrize("shell", ["dash", "bash", "zsh"])
def test_the_doctor_sees_the_shells_variables(two, shell):
    """They are those of an environment that the shell has left: nvcc is one's, and CMake takes the other's."""
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}: apt-get install {shell}")
    first, second = two
    clean = {"PATH": "/usr/bin:/bin", "cwd": first.home}
    switch = SWITCH.format(first.path, second.path)
    doctor = "cuda-shims doctor --json || :"
    said = answer(first, shell, "-c", f'{switch}nvcc | tr "\\0" "\\n"; echo $CUDACXX', **clean).split("\n")
    assert said[0] == f"{root_of(second)}/bin/nvcc"
    assert said[-1] == f"{root_of(first)}/bin/nvcc"

    found = json.loads(answer(first, shell, "-c", f"{switch}{doctor}", **clean))["findings"]
    told = [each for each in found if root_of(first) in each["what"] and each["level"] != "ok"]
    assert any('eval "$(cuda-shims env' in each["fix"] for each in told), found
    # both fixes are ones: the other environment's variables, and none
    lines = 'echo "$CUDA_HOME:$CUDA_PATH:$CUDAToolkit_ROOT:$CUDACXX:$NVCC:$CUDA_SHIMS_ROOT:$PATH:$PKG_CONFIG_PATH"'
    for option, wanted in (("", root_of(second)), (" --unset", "")):
        fix = f'eval "$(cuda-shims env{option})"\n'
        found = json.loads(answer(first, shell, "-c", f"{switch}{fix}{doctor}", **clean))["findings"]
        assert not [each for each in found if root_of(first) in f"{each['what']} {each['fix']}"]
        values = answer(first, shell, "-c", f"{switch}{fix}{lines}", **clean).split(":")
        assert not [value for value in values if value.startswith(f"{first.path}/")]
        assert values[:3] == [wanted] * 3
    # where the shell's are this environment's, or there are none, there is nothing to say
    for line in ("", 'eval "$(cuda-shims env)"\n'):
        said = answer(second, shell, "-c", f"{line}{doctor}", PATH=f"{second.bin}:/usr/bin:/bin")
        assert not [each for each in json.loads(said)["findings"] if "cuda-shims env" in each["fix"]]


@pytest.mark.parametrize("shell", ["dash", "bash", "zsh", "fish"])
@pytest.mark.parametrize("before", [{}, {"PKG_CONFIG_PATH": "/mine/pkgconfig", "LIBRARY_PATH": "/mine/lib"}])
def test_variables_are_taken_back(two, shell, before):
    """Nothing is left of them, and what was on a search path before is there as it was."""
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}: apt-get install {shell}")
    venv = two[0]
    form, evaluate = ("fish", "cuda-shims env{} | source") if shell == "fish" else ("sh", 'eval "$(cuda-shims env{})"')
    options = f" --format {form}"

    def variables(*lines):
        said = answer(venv, shell, "-c", "\n".join([*lines, "env"]), **before)
        return {line for line in said.split("\n") if not line.startswith(("_=", "SHLVL=", "OLDPWD="))}

    once, back = evaluate.format(options), evaluate.format(f" --unset{options}")
    assert variables(once) != variables()
    assert variables(once, back) == variables()
    assert variables(back) == variables()
    assert variables(once, once, back) == variables()


@pytest.mark.parametrize("name", ["fish", "powershell", "cmd", "json", "github", "github-path"])
def test_variables_are_taken_back_in_every_format(two, name):
    """Or it is said, in a sentence, that this one cannot: GitHub's files only add."""
    done = ask(two[0], f"{two[0].bin}/cuda-shims", "env", "--unset", "--format", name)
    if name.startswith("github"):
        assert done.returncode in {1, 2}
        assert done.stderr.count("\n") >= 1
        assert "unrecognized" not in done.stderr
        assert "Traceback" not in done.stderr
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert "CUDA_HOME" in done.stdout


WHERE = {"--python": "venv", "--target": "target", "--prefix": "prefix"}


@pytest.fixture
def make_empty(new_venv, tmp_path):
    """Give a function that makes an environment without a toolkit, as an option names it."""

    def make(option):
        empty = str(tmp_path / "empty")
        if option == "--python":
            new_venv("empty")
        else:
            os.makedirs(f"{empty}/lib/{PYTHON}/site-packages/other-1.0.dist-info")
            os.makedirs(f"{empty}/other-1.0.dist-info")
        return empty

    return make


@pytest.mark.parametrize("option", WHERE)
@pytest.mark.parametrize("name", ["nvcc", "cuda_runtime.h", "-lcudart", "cuobjdump"])
def test_which_of_an_environment_that_has_none(two, make_empty, option, name):
    """The shell's environment has one, which is not what was asked for."""
    venv = two[0]
    hook(venv)
    empty = make_empty(option)
    for command in ([f"{venv.bin}/cuda-shims"], [venv.python, "-m", "cuda_shims"]):
        done = ask(venv, *command, "which", option, empty, "--", name)
        assert (done.returncode, done.stdout) == (127, ""), done
        assert done.stderr.count("\n") == 1
        assert empty in done.stderr or "that environment" in done.stderr
        assert f"{venv.path}/" not in done.stderr


@pytest.mark.parametrize("option", WHERE)
def test_root_and_env_of_an_environment_that_has_none(two, make_empty, option):
    venv = two[0]
    hook(venv)
    empty = make_empty(option)
    for command in (["root"], ["env"], ["exec"], ["list"]):
        words = ["true"] if command == ["exec"] else []
        done = ask(venv, f"{venv.bin}/cuda-shims", *command, option, empty, *words)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert empty in done.stderr
