"""The Windows shim: what reaches the tool, what comes back, which tool it is; against a direct call each time."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import select
import shutil
import subprocess
import time

import pytest
from bed import windows
from cases import ALONE, CASES, WHEELS
from checkout import CHECKOUT
from script_support import load_script

from cuda_shims.catalog.tools import TOOLS, missing_tool_fix

pytestmark = pytest.mark.timeout(600)

LAUNCHER = CHECKOUT / "src/launcher"

VECTORS = [
    ["a b"],
    ['"'],
    ['a"b'],
    ["a\\"],
    ["a b\\"],
    ['a\\"b'],
    ['a\\\\"b c'],
    ["\\\\server\\share\\x y\\"],
    [""],
    ["", ""],
    ["%PATH%", "%VAR%"],
    ["^&|<>()!"],
    ['-DNAME="C:\\Program Files\\x"'],
    ["it's"],
    ["*.cu", "?.cu"],
    ["日本語 ü ß 😀"],
    ["--options-file", "rsp file.txt"],
    ["@x.rsp"],
    ["a\tb"],
    ["-Xcompiler", "/EHsc,/W3"],
    ["-gencode=arch=compute_90,code=[sm_90,compute_90]"],
    ["x=y;z"],
    ["line1\nline2"],
    ["x" * 8191],
    ["x" * 32000],
]
CODES = [0, 1, 2, 127, 255, 256, 259, 0x7FFFFFFF, 0xC0000005, 0xFFFFFFFF]


def vectors():
    rnd = random.Random(1)  # noqa: S311 # the same in each run
    alphabet = " \"\\ab%^&\t'é"
    made = [
        ["".join(rnd.choice(alphabet) for _ in range(rnd.randint(0, 12))) for _ in range(rnd.randint(1, 6))]
        for _ in range(40)
    ]
    return VECTORS + made


class Place:
    """An environment of a shim and a tool, and the tool's path."""

    def __init__(self, bed, shim, folder, name="tool"):
        self.bed = bed
        self.folder = folder
        self.source = bed.program("tool")
        self.shim = self.put(shim, f"Scripts/{name}.exe")
        self.tool = self.put(self.source, f"Lib/site-packages/nvidia/cu13/bin/{name}.exe")

    def put(self, source, name):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)
        return path

    def ask(self, *words, program=None, **job):
        """Return what became of the shim, or another program."""
        (answer,) = self.bed.jobs({"command": [windows(program or self.shim), *words], **job})
        return answer

    def which(self, **job):
        """Return which program the shim ran, below the folder."""
        answer = self.ask("--self", **job)
        assert not answer["code"], answer
        return answer["out"].removeprefix(windows(self.folder) + "\\").replace("\\", "/")


@pytest.fixture
def place(bed, shim, tmp_path):
    return Place(bed, shim, tmp_path / "env")


# --- what reaches the tool ---


def test_arguments(place):
    wanted = vectors()
    jobs = [{"command": [windows(program), *words]} for words in wanted for program in (place.tool, place.shim)]
    answers = place.bed.jobs(*jobs)
    for words, direct, ours in zip(wanted, answers[::2], answers[1::2]):
        assert direct == ours
        assert ours == {"code": 0, "out": "".join(word + "\0" for word in words), "err": ""}


def test_arguments_of_a_shim_that_quotes_anew_would_differ(place):
    """The control: what subprocess makes of a list is not always what stood there; cmd's own words show it."""
    line = f'"{windows(place.shim)}" --line  a"b c"d   \'e  "" f\\"g"'
    direct, ours = place.bed.jobs(
        {"command": line.replace("Scripts", "Lib\\site-packages\\nvidia\\cu13\\bin")}, {"command": line}
    )
    assert direct["out"].partition("--line")[2] == ours["out"].partition("--line")[2] == line.partition("--line")[2]
    assert subprocess.list2cmdline(["a", 'b"c']) not in line


def test_a_command_line_that_is_too_long(place):
    deep = place.put(place.source, "Lib/site-packages/nvidia/cu14/bin/tool.exe")
    room = 32767 - len(f'"{windows(place.shim)}" ') - 1
    answer = place.ask("x" * room)
    assert answer["code"] == 126
    assert "32,767 characters" in answer["err"]
    assert "--options-file" in answer["err"]
    assert deep.exists()


def test_streams_directory_and_variables(place):
    assert place.ask("--cat", input=3_000_000) == {"code": 0, "same": True}
    assert place.ask("--both") == {"code": 3, "out": "to stdout", "err": "to stderr"}
    assert place.ask("--directory", directory=windows(place.folder))["out"] == windows(place.folder)
    assert place.ask("--variable", "NAME", environ={"NAME": "wert ü 日"})["out"] == "wert ü 日"


def test_by_path_and_through_cmd(place):
    path = {"PATH": windows(place.shim.parent) + ";C:\\windows\\system32"}
    by_cmd, by_name = place.bed.jobs(
        {"command": 'tool "a b" c\\ "d\\\\"', "environ": path}, {"command": ["tool", "a b"], "environ": path}
    )
    assert by_cmd == {"code": 0, "out": "a b\0c\\\0d\\\0", "err": ""}
    assert by_name["error"] if "error" in by_name else by_name["out"] == "a b\0"


# --- what comes back ---


def test_exit_codes(place):
    answers = place.bed.jobs(
        *(
            {"command": [windows(program), "--exit", str(code)]}
            for code in CODES
            for program in (place.tool, place.shim)
        )
    )
    assert [answer["code"] for answer in answers] == [code for code in CODES for _ in range(2)]


def test_killing_the_shim_kills_the_tool(place):
    answer = place.ask("--sleep", "20000", do="kill")
    assert (answer["before"], answer["after"], answer["pids differ"]) == (True, False, True)


def test_killing_the_tool_ends_the_shim(place):
    answer = place.ask("--sleep", "20000", do="kill the other")
    assert (answer["code"], answer["after"]) == (42, False)


def test_what_the_tool_started_outlives_the_shim(place):
    """cl.exe's mspdbsrv.exe: without silent breakaway it would be killed with the first compilation."""
    answer = place.ask("--server", do="kill and look")
    assert (answer["before"], answer["after"]) == (True, True)


def test_control_c_is_the_tools_own(place):
    """The tool cleans up and gives its code; the shim waits for it. On a console, which under wine is a terminal."""
    assert press_control_c(place, b"cleaned-up") == 5


def press_control_c(place, wanted):
    child, master = pty.fork()
    if not child:
        os.execvpe("wine", ["wine", str(place.shim), "--until-control"], place.bed.environ)  # noqa: S606
    _read(master, b"waiting", 60)
    time.sleep(0.5)
    os.write(master, b"\x03")
    said = _read(master, wanted, 30) if wanted else b""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(master)
    assert not wanted or wanted in said
    return code


def _read(master, wanted, seconds):
    said, end = b"", time.monotonic() + seconds
    # wine's console draws what is printed letter by letter
    while wanted not in re.sub(rb"\x1b\[[?0-9]*[A-Za-z]", b"", said) and time.monotonic() < end:
        if select.select([master], [], [], 0.2)[0]:
            try:
                said += os.read(master, 65536)
            except OSError:
                break
    return re.sub(rb"\x1b\[[?0-9]*[A-Za-z]", b"", said)


# --- the same without what makes it so ---


@pytest.fixture
def without(bed, tmp_path):
    """Return a place whose shim lacks something of its source."""

    def without(old, new):
        compile_launcher = load_script("build/hatch_build").compile_launcher
        source = tmp_path / "launcher"
        shutil.copytree(LAUNCHER, source)
        text = (source / "shim.c").read_text()
        assert text.count(old) == 1
        (source / "shim.c").write_text(text.replace(old, new))
        return Place(bed, compile_launcher(str(source), str(tmp_path), "win_amd64", "0.0"), tmp_path / "env")

    return without


def test_without_a_handler_control_c_ends_the_shim_first(without):
    place = without("SetConsoleCtrlHandler(on_control, TRUE);", "(void)on_control;")
    assert press_control_c(place, b"") != 5


def test_without_a_job_the_tool_lives_on(without):
    place = without("if (job) AssignProcessToJobObject(job, process.hProcess);", "(void)job;")
    assert place.ask("--sleep", "20000", do="kill")["after"]


def test_without_all_bits_of_the_exit_code(without):
    place = without("ExitProcess(run());", "ExitProcess(run() & 0xFF);")
    assert place.ask("--exit", "0xC0000005")["code"] == 5


def test_without_the_raw_line(without):
    place = without("return line;", 'return L" \\"a b\\"";')
    assert place.ask("a", "b")["out"] == "a b\0"


# --- which tool ---


@pytest.mark.parametrize(
    "folder",
    [
        "Lib/site-packages/nvidia/cu13/bin",
        "Lib/site-packages/nvidia/cu13/nvvm/bin",
        "Lib/site-packages/nvidia/cuda_nvcc/bin",
        "site-packages/nvidia/cu13/bin",
        "nvidia/cu13/bin",
        "lib/python3.12/site-packages/nvidia/cu13/bin",
    ],
)
def test_layouts(place, folder):
    place.tool.unlink()
    (place.folder / "Lib/site-packages/nvidia_cuda_nvcc_cu12-12.9.86.dist-info").mkdir()
    place.put(place.source, f"{folder}/tool.exe")
    assert place.which() == f"{folder}/tool.exe"


def test_newest_major_that_has_the_tool(place):
    newer = place.put(place.source, "Lib/site-packages/nvidia/cu100/bin/tool.exe")
    place.put(place.source, "Lib/site-packages/nvidia/cu200/bin/other.exe")
    place.put(place.source, "Lib/site-packages/nvidia/cu13x/bin/tool.exe")
    assert place.which() == "Lib/site-packages/nvidia/cu100/bin/tool.exe"
    newer.unlink()
    assert place.which() == "Lib/site-packages/nvidia/cu13/bin/tool.exe"


def test_the_folders_of_cuda_11_are_not_those_of_12(place):
    place.tool.unlink()
    place.put(place.source, "Lib/site-packages/nvidia/cuda_nvcc/bin/tool.exe")
    (place.folder / "Lib/site-packages/nvidia_cuda_nvcc_cu11-11.8.89.dist-info").mkdir()
    assert "not installed" in place.ask("--self", environ={"PATH": "C:\\windows"})["err"]


#: what Python makes of the same rows
_SELECT = """
import json, os, sys
from _cuda_shims.places import find_places
from _cuda_shims.selection import Project, select
places = find_places([sys.argv[1]])
for environ in json.load(open(sys.argv[2], encoding="utf-8")):
    selected = select(places, environ, lambda: Project(prefer=environ.get("CUDA_SHIMS_PREFER", "user")))
    if selected.refused:
        print("refused", selected.refused)
    else:
        print(selected.home or (selected.toolkit.wheels if selected.toolkit else "nothing"))
"""


@pytest.mark.parametrize("wheels", [wheels for wheels in ALONE if "12" not in wheels])
def test_every_row_of_the_selection(bed, shim, tmp_path, wheels):
    """
    Python's answer is the same, but where a folder of the user's does not exist: the shim passes it over.

    Of CUDA 12 no root is made on Windows.
    """
    place = Place(bed, shim, tmp_path / "env", "nvcc")
    place.tool.unlink()
    site = windows(place.folder / "Lib/site-packages")
    homes = {name: windows(tmp_path / name) for name in ("cuda", "my cuda")}
    for name in homes:
        place.put(place.source, f"../{name}/bin/nvcc.exe")
    for version, components in WHEELS[wheels]["own"]:
        major = version.partition(".")[0]
        homes[major] = f"{site}\\nvidia\\cu{major}"
        file = "bin/nvcc.exe" if "nvidia-cuda-nvcc" in components else "lib/x64/cudart.lib"
        place.put(place.source, f"Lib/site-packages/nvidia/cu{major}/{file}")
    cases = [row for row in CASES if row.wheels == wheels and not row.project]
    values = {**homes, "none": "Z:\\nowhere", "bin": "C:/Program Files/bin", "nvcc": "nvcc.exe"}
    values |= {f"cu{major}": homes[major] for major in ("13", "14") if major in homes}
    rows = [{name: value.replace("/", "\\") for name, value in row.environ(values).items()} for row in cases]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    words = [windows(bed.python()), "-c", _SELECT, site, windows(tmp_path / "rows.json")]
    (python,) = bed.jobs({"command": words, "environ": {"PYTHONPATH": windows(CHECKOUT / "src")}})
    wanted = {"nothing": "nothing", **homes}
    expected = [wanted.get(row.answer) or f"refused {row.more.format_map(values)}" for row in cases]
    assert python["out"].splitlines() == expected, python

    jobs = ({"command": [windows(place.shim), "--self"], "environ": {"PATH": "C:\\windows", **row}} for row in rows)
    for row, answer in zip(cases, bed.jobs(*jobs)):
        if row.answer in homes:
            assert answer["out"] == f"{homes[row.answer]}\\bin\\nvcc.exe", (str(row), answer)
        else:
            said = f"CUDA_SHIMS_TOOLKIT={row.more.format_map(values)}" if row.answer == "refused" else "not installed"
            assert (answer["code"], answer["out"], said in answer["err"]) == (127, "", True), (str(row), answer)


def test_wheels_of_this_environment_are_ours(place, tmp_path):
    """As they are named in a shell that Python has not started; those of another environment are the user's."""
    theirs = place.put(place.source, f"{tmp_path}/env2/Lib/site-packages/nvidia/cu13/bin/tool.exe")
    newer = place.put(place.source, "Lib/site-packages/nvidia/cu14/bin/tool.exe")
    for folder, expected in ((place.tool.parent, newer), (theirs.parent, theirs), (newer.parents[2], newer)):
        home = windows(folder.parent)
        for spelt in (home, home.upper()):
            answer = place.ask("--self", environ={"CUDA_HOME": spelt})
            assert answer["out"].lower() == windows(expected).lower(), spelt


def test_a_chosen_wrapper_that_comes_back_ends_in_an_error(place):
    mine = place.put(place.source, "CUDA/bin/tool.exe")
    environ = {"CUDA_HOME": windows(mine.parent.parent)}
    assert place.ask("--variable", "_CUDA_SHIMS_DEPTH", environ=environ)["out"] == "1"
    answer = place.ask("--self", environ={**environ, "_CUDA_SHIMS_DEPTH": "8"})
    assert (answer["code"], answer["out"]) == (127, "")
    assert (
        'call each other; take one of them off PATH, or install the toolkit: pip install "cuda-shims[' in answer["err"]
    )


def test_choice_of_the_user(place):
    place.put(place.source, "Lib/site-packages/nvidia/cu14/bin/tool.exe")
    other = place.put(place.source, "CUDA 13/bin/tool.exe")
    assert place.which(environ={"CUDA_SHIMS_TOOLKIT": "13"}) == "Lib/site-packages/nvidia/cu13/bin/tool.exe"
    home = windows(other.parent.parent)
    assert place.which(environ={"CUDA_SHIMS_TOOLKIT": home}) == "CUDA 13/bin/tool.exe"
    assert place.which(environ={"CUDA_SHIMS_FORWARD": home}) == "CUDA 13/bin/tool.exe"
    forward = {"CUDA_SHIMS_FORWARD": home, "CUDA_SHIMS_TOOLKIT": "13"}
    assert place.which(environ=forward) == "Lib/site-packages/nvidia/cu13/bin/tool.exe"


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("013", "CUDA_SHIMS_TOOLKIT=013 is neither a CUDA major"),
        ("0", "CUDA_SHIMS_TOOLKIT=0 is neither a CUDA major"),
        ("1234", "CUDA_SHIMS_TOOLKIT=1234 is neither a CUDA major"),
        ("130", "tool (cuda-shims): CUDA_SHIMS_TOOLKIT=130: no pip-installed toolkit of that major has it here"),
        ("3", "tool (cuda-shims): CUDA_SHIMS_TOOLKIT=3: no pip-installed toolkit of that major has it here"),
        ("12", "tool (cuda-shims): CUDA_SHIMS_TOOLKIT=12: no pip-installed toolkit of that major has it here"),
        ("new", "CUDA_SHIMS_TOOLKIT=new is neither a CUDA major (13) nor the absolute path of a toolkit root"),
        ("C:\\nowhere", "CUDA_SHIMS_TOOLKIT=C:\\nowhere holds no such tool; unset it, or name a toolkit root"),
    ],
)
def test_choice_that_is_not_there(place, choice, said):
    answer = place.ask("--self", environ={"CUDA_SHIMS_TOOLKIT": choice})
    assert answer["code"] == 127
    assert said in answer["err"]
    assert not answer["out"]


def test_a_major_that_the_project_asks_for_in_vain(place):
    system = place.put(place.source, "CUDA/bin/tool.exe")
    environ = {"CUDA_SHIMS_FORWARD": "14", "PATH": windows(system.parent)}
    answer = place.ask("--self", environ=environ)
    assert (answer["code"], answer["out"]) == (127, "")
    assert "[tool.cuda-shims] toolkit=14: no pip-installed toolkit of that major has it here" in answer["err"]
    ours = "Lib/site-packages/nvidia/cu13/bin/tool.exe"
    assert place.which(environ={**environ, "CUDA_SHIMS_FORWARD": "13"}) == ours
    assert place.which(environ={**environ, "CUDA_SHIMS_TOOLKIT": "13"}) == ours


def test_split_prefixes(place, shim, tmp_path):
    """pip puts what a back end asks for into another prefix than build-system.requires."""
    overlay = Place(place.bed, shim, tmp_path / "env/overlay")
    overlay.tool.unlink()
    path = {"PATH": f"{windows(overlay.shim.parent)};{windows(place.shim.parent)}"}
    assert place.which(program=overlay.shim, environ=path) == "Lib/site-packages/nvidia/cu13/bin/tool.exe"


def test_next_on_path(place, shim):
    place.tool.unlink()
    place.put(shim, "old/Scripts/tool.exe")
    system = place.put(place.source, "CUDA/v13.0/bin/tool.exe")
    folders = [place.shim.parent, place.folder / "old/Scripts", system.parent]
    path = {"PATH": ";".join(["relative", f'"{windows(folders[0])}"', *map(windows, folders[1:])])}
    assert place.which(environ=path) == "CUDA/v13.0/bin/tool.exe"


@pytest.mark.parametrize("major", [None, 12])
def test_what_the_catalog_says_of_a_missing_tool(bed, shim, tmp_path, major):
    place = Place(bed, shim, tmp_path / "env")
    shutil.rmtree(place.folder / "Lib/site-packages/nvidia")
    if major:
        place.put(place.source, "Lib/site-packages/nvidia/cuda_runtime/bin/cudart64_12.dll")
        (place.folder / "Lib/site-packages/nvidia_cuda_runtime_cu12-12.9.79.dist-info").mkdir()
    names = [tool.name for tool in TOOLS] + ["tool"]
    shims = [place.put(shim, f"Scripts/{name}.exe") for name in names]
    answers = bed.jobs(*({"command": [windows(each)], "environ": {"PATH": "C:\\windows"}} for each in shims))
    for name, answer in zip(names, answers):
        fix = missing_tool_fix(name, major)
        newer = fix.startswith("NVIDIA publishes no ")
        found = (
            "CUDA 12 is installed here, and" if newer else "not installed in this environment nor elsewhere on PATH;"
        )
        assert answer == {"code": 127, "out": "", "err": f"{name} (cuda-shims): {found} {fix}\r\n"}


def test_never_itself(place):
    """A shim where the tool should be."""
    shutil.copy(place.shim, place.tool)
    place.shim.unlink()
    answer = place.ask("x", program=place.tool, environ={"PATH": windows(place.tool.parent)})
    assert answer["code"] == 127


def test_a_path_with_spaces_and_letters(bed, shim, tmp_path):
    place = Place(bed, shim, tmp_path / "First Last/Ünï 日/v")
    assert place.which() == "Lib/site-packages/nvidia/cu13/bin/tool.exe"
