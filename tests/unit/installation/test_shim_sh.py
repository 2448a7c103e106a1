"""The shim, run for real by each shell that may be somebody's /bin/sh (contract 4.1)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time

import pytest
from cases import ALONE, CASES, FOLDERS, WHEELS, lay_out
from fake_toolkit import PYTHON, TOOL, write, write_shim
from shim_support import failed, plant, ran

from _cuda_shims.places import find_places
from cuda_shims.catalog.platforms import FIX, SERVED
from cuda_shims.catalog.tools import TOOLS, missing_tool_fix

NONE = missing_tool_fix("x*")

# where it looks -------------------------------------------------------------------------------------------------------


def test_search_order(call, new_prefix):
    own, hop, last, beside, chosen = (new_prefix(name) for name in ("own", "hop", "last", "beside", "chosen"))
    last.shim()
    os.symlink(os.path.join(last.bin, "nvcc"), os.path.join(hop.bin, "nvcc"))
    os.symlink("../../hop/bin/nvcc", os.path.join(own.bin, "nvcc"))
    for each in (own, hop, last, beside, chosen):
        each.toolkit()
    root = plant(f"{own.site}/cuda_shims_toolkit/cu13", own.site)
    system = write(os.path.join(own.path, "system", "nvcc"), TOOL, 0o755)

    ladder = [
        os.path.join(chosen.site, "nvidia/cu13/bin/nvcc"),
        os.path.join(root, "bin/nvcc"),
        os.path.join(own.site, "nvidia/cu13/bin/nvcc"),
        os.path.join(hop.site, "nvidia/cu13/bin/nvcc"),
        # the hop's link is relative: the way there is not resolved
        os.path.join(last.site, "nvidia/cu13/bin/nvcc"),
        os.path.join(beside.site, "nvidia/cu13/bin/nvcc"),
        system,
    ]
    variables = {"CUDA_SHIMS_TOOLKIT": os.path.join(chosen.site, "nvidia/cu13")}
    for step, expected in enumerate(ladder):
        done = call(os.path.join(own.bin, "nvcc"), path=[own.bin, beside.bin, os.path.dirname(system)], **variables)
        assert os.path.normpath(ran(done)) == expected, step
        variables = {}  # after the first step nothing is chosen
        if expected.startswith(root):
            os.unlink(root)
        elif step:
            os.unlink(expected)
    failed(call(os.path.join(own.bin, "nvcc"), path=[own.bin, beside.bin]), "nvcc (cuda-shims): not installed")


def test_the_tool_is_started_by_an_unresolved_absolute_path(call, tmp_path, new_prefix):
    real = new_prefix("real")
    real.shim()
    real.toolkit()
    os.symlink("real", tmp_path / "alias")
    assert ran(call(str(tmp_path / "alias/bin/nvcc"))) == str(
        tmp_path / f"alias/lib/{PYTHON}/site-packages/nvidia/cu13/bin/nvcc"
    )


@pytest.mark.parametrize(
    "site",
    [
        "lib/python3.9/site-packages",
        "lib64/python3.13/site-packages",
        "lib/python3/dist-packages",
        "lib/python3.14t/dist-packages",
        "lib/pypy3.11/site-packages",
        "Lib/site-packages",
        ".",
    ],
)
def test_layouts(call, new_prefix, site):
    prefix = new_prefix("env", site)
    prefix.toolkit()
    assert os.path.samefile(ran(call(prefix.shim())), os.path.join(prefix.site, "nvidia/cu13/bin/nvcc"))


def test_condas_link_is_not_the_way(call, new_prefix):
    prefix = new_prefix("env", "lib/python3.13/site-packages")
    prefix.toolkit()
    os.symlink("python3.13", os.path.join(prefix.path, "lib/python3.1"))
    assert "/lib/python3.13/" in ran(call(prefix.shim()))


def test_two_python_versions_in_one_prefix(call, new_prefix):
    new_prefix("env", "lib/python3.10/site-packages")
    prefix = new_prefix("env", "lib/python3.9/site-packages")
    prefix.toolkit()
    assert "python3.9" in ran(call(prefix.shim()))


@pytest.mark.parametrize(
    ("folders", "tool", "expected"),
    [
        (["cu9/bin", "cu10/bin", "cu13/bin"], "nvcc", "cu13/bin"),
        (["cu9/bin", "cu10/bin"], "nvcc", "cu10/bin"),
        (["cu13/bin", "cu13x/bin", "cu1234567/bin", "cu/bin", "cu99-old/bin"], "nvcc", "cu13/bin"),
        (["cu13/bin", "cuda_nvcc/bin"], "nvcc", "cu13/bin"),
        (["cuda_nvcc/bin"], "ptxas", "cuda_nvcc/bin"),
        (["cu13/nvvm/bin"], "cicc", "cu13/nvvm/bin"),
        (["cu13/nvvm/bin", "cu12/bin"], "cicc", "cu13/nvvm/bin"),
    ],
)
def test_the_newest_major_that_has_the_tool(call, prefix, folders, tool, expected):
    os.makedirs(os.path.join(prefix.site, "nvidia_cuda_nvcc_cu12-12.9.86.dist-info"))
    for folder in folders:
        write(os.path.join(prefix.site, "nvidia", folder, tool), TOOL, 0o755)
    assert ran(call(prefix.shim(tool))) == os.path.join(prefix.site, "nvidia", expected, tool)


def test_a_newer_major_without_the_tool_does_not_hide_an_older_one(call, prefix):
    write(os.path.join(prefix.site, "nvidia/cu14/lib/libcudart.so.14"))
    write(os.path.join(prefix.site, "nvidia/cu15/bin/nvcc"), TOOL, 0o644)  # not executable
    prefix.toolkit()
    assert "/cu13/" in ran(call(prefix.shim()))


# choices --------------------------------------------------------------------------------------------------------------


def test_a_chosen_major(call, prefix):
    prefix.toolkit()
    shim = prefix.shim()
    write(os.path.join(prefix.site, "nvidia/cu12/bin/nvcc"), TOOL, 0o755)
    assert "/cu12/" in ran(call(shim, CUDA_SHIMS_TOOLKIT="12"))
    assert "/cu13/" in ran(call(shim, CUDA_SHIMS_TOOLKIT="13"))
    assert "/cu13/" in ran(call(shim, CUDA_SHIMS_TOOLKIT=""))


def test_a_chosen_major_that_is_not_there_is_no_other_one(call, prefix, tmp_path):
    prefix.toolkit()
    write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    failed(call(prefix.shim(), path=[str(tmp_path / "system")], CUDA_SHIMS_TOOLKIT="14"), "CUDA_SHIMS_TOOLKIT=14")


def test_major_12_is_the_component_folders_too(call, prefix):
    prefix.toolkit()
    write(os.path.join(prefix.site, "nvidia/cuda_nvcc/bin/ptxas"), TOOL, 0o755)
    os.mkdir(os.path.join(prefix.site, "nvidia_cuda_nvcc_cu12-12.9.86.dist-info"))
    assert "/cuda_nvcc/" in ran(call(prefix.shim("ptxas"), CUDA_SHIMS_TOOLKIT="12"))


@pytest.mark.parametrize("garbage", ["13.5", "cu13", "-1", " ", "relative/path", "1\n3", "*"])
def test_a_choice_that_is_garbage(call, prefix, garbage):
    prefix.toolkit()
    done = call(prefix.shim(), CUDA_SHIMS_TOOLKIT=garbage)
    assert (done.returncode, done.stdout) == (127, b"")
    assert f"CUDA_SHIMS_TOOLKIT={garbage} is neither" in done.stderr.decode()


def test_a_chosen_folder(call, prefix, new_prefix, tmp_path):
    prefix.toolkit()
    shim, cicc = prefix.shim(), prefix.shim("cicc")
    for tool in ("bin/nvcc", "nvvm/bin/cicc"):
        write(str(tmp_path / "my cuda" / tool), TOOL, 0o755)
    assert ran(call(shim, CUDA_SHIMS_TOOLKIT=str(tmp_path / "my cuda"))) == str(tmp_path / "my cuda/bin/nvcc")
    assert ran(call(cicc, CUDA_SHIMS_TOOLKIT=str(tmp_path / "my cuda"))) == str(tmp_path / "my cuda/nvvm/bin/cicc")
    # an environment in place of a toolkit: its nvcc is a shim, which would come back for ever
    environment = new_prefix("environment")
    environment.shim()
    for folder in (environment.path, prefix.path, "/nowhere"):
        failed(call(shim, CUDA_SHIMS_TOOLKIT=folder), f"CUDA_SHIMS_TOOLKIT={folder} holds no such tool")


def test_what_the_hook_forwards_to(call, prefix, tmp_path):
    toolkit = prefix.toolkit()
    shim, ptxas = prefix.shim(), prefix.shim("ptxas")
    mine = write(str(tmp_path / "cuda/bin/nvcc"), TOOL, 0o755)
    forward = {"CUDA_SHIMS_FORWARD": str(tmp_path / "cuda")}
    assert ran(call(shim, **forward)) == mine
    assert ran(call(shim, CUDA_SHIMS_TOOLKIT="13", **forward)) == os.path.join(toolkit, "bin/nvcc")
    assert ran(call(ptxas, **forward)) == os.path.join(toolkit, "bin/ptxas")  # it has none: ours goes on


@pytest.mark.parametrize("wheels", ALONE)
def test_every_row_of_the_selection(call, prefix, tmp_path, wheels):
    """As Python selects it. A folder without the tool is passed over, and the shim goes on with its own prefix."""
    lay_out(WHEELS[wheels]["own"], prefix)
    places = {name: str(tmp_path / name) for name in (*FOLDERS, "none")}
    for name in ("cuda", "my cuda"):
        for tool in ("nvcc", "ptxas"):
            write(f"{places[name]}/bin/{tool}", TOOL, 0o755)
    tools = {}
    for place in find_places([prefix.site]):
        if place.has_compiler:
            places[f"cu{place.major}"] = plant(place.beside, prefix.site, major=place.major)
            tools[str(place.major)] = f"{place.beside}/bin/nvcc"
    tools |= {name: f"{places[name]}/bin/nvcc" for name in FOLDERS}
    tools |= {"12": f"{prefix.site}/nvidia/cuda_nvcc/bin/ptxas"}
    for row in CASES:
        if row.wheels != wheels or row.project:
            continue
        environ = row.environ({**places, "bin": "/usr/bin", "nvcc": "nvcc"})
        done = call(prefix.shim("ptxas" if row.answer == "12" else "nvcc"), cwd=str(tmp_path), **environ)
        if row.answer == "refused":
            failed(done, f"CUDA_SHIMS_TOOLKIT={row.more.format_map(places)}")
        elif row.answer == "nothing":
            failed(done, "CUDA 12 is installed here" if wheels == "12" else "not installed")
        else:
            assert ran(done) == tools[row.answer], str(row)


def test_a_major_that_the_project_asks_for_in_vain(call, prefix, tmp_path):
    """The start-up hook tells the shims, who do not read projects."""
    prefix.toolkit()
    system = write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    text = failed(call(prefix.shim(), path=[os.path.dirname(system)], CUDA_SHIMS_FORWARD="14"), "toolkit=14: no pip-")
    assert "[tool.cuda-shims] toolkit" in text
    assert "/cu13/" in ran(call(prefix.shim(), CUDA_SHIMS_FORWARD="13"))
    assert "/cu13/" in ran(call(prefix.shim(), CUDA_SHIMS_FORWARD="14", CUDA_SHIMS_TOOLKIT="13"))


# the next one on PATH -------------------------------------------------------------------------------------------------


def test_the_next_on_path_is_no_shim_not_relative_and_executable(call, prefix, tmp_path):
    shim = prefix.shim()
    folders = [str(tmp_path / name) for name in ("hard", "other", "link", "text", "directory", "system")]
    os.makedirs(folders[0])
    os.link(shim, os.path.join(folders[0], "nvcc"))
    write_shim(folders[1])
    os.makedirs(folders[2])
    os.symlink(shim, os.path.join(folders[2], "nvcc"))
    write(os.path.join(folders[3], "nvcc"), TOOL, 0o644)
    os.makedirs(os.path.join(folders[4], "nvcc"))
    expected = write(os.path.join(folders[5], "nvcc"), TOOL, 0o755)
    write(str(tmp_path / "here/nvcc"), TOOL, 0o755)
    path = ["", ".", "here", prefix.bin, *folders]
    assert ran(call(shim, path=path, cwd=str(tmp_path / "here"))) == expected
    failed(call(shim, path=path[:-1], cwd=str(tmp_path / "here")), "not installed")


@pytest.mark.parametrize("suffix", ["", "/"])
def test_a_prefix_on_path(call, prefix, new_prefix, suffix):
    other = new_prefix("other")
    other.toolkit()
    found = ran(call(prefix.shim(), path=[other.bin + suffix]))
    assert os.path.normpath(found) == os.path.join(other.site, "nvidia/cu13/bin/nvcc")


def test_a_root_of_slash_on_path(call, prefix):
    failed(call(prefix.shim(), path=["/bin", "/"]), "not installed")


def test_a_wrapper_that_comes_back_ends_in_an_error(call, prefix, tmp_path):
    shim = prefix.shim()
    log = tmp_path / "log"
    # as ccache does it: the next one on PATH that is not this file
    wrapper = f"""#!/bin/sh
echo x >>"{log}"
IFS=:
for folder in $PATH; do
  [ "$folder/nvcc" -ef "$0" ] || [ ! -x "$folder/nvcc" ] || exec "$folder/nvcc" "$@"
done
exit 3
"""
    wrap = str(tmp_path / "wrap")
    write(os.path.join(wrap, "nvcc"), wrapper.encode(), 0o755)
    for path in ([wrap, prefix.bin], [prefix.bin, wrap]):
        log.write_text("")
        failed(call(shim, path=path), "call each other", "pip install")
        assert 1 < log.read_text().count("x") <= 10
    # and is let through when there is something behind it
    prefix.toolkit()
    log.write_text("")
    assert ran(call(os.path.join(wrap, "nvcc"), path=[wrap, prefix.bin])).endswith("/nvidia/cu13/bin/nvcc")
    assert log.read_text() == "x\n"


@pytest.mark.parametrize("depth", ["", "x", "-5", "9999", "08", "0; echo pwned"])
def test_a_counter_of_garbage(call, prefix, tmp_path, depth):
    expected = write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    assert ran(call(prefix.shim(), path=[str(tmp_path / "system")], _CUDA_SHIMS_DEPTH=depth)) == expected


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@pytest.mark.parametrize("major", [None, 12])
def test_what_the_catalog_says_of_a_tool(call, prefix, tool, major):
    if major:
        prefix.split(components=["nvidia-cuda-runtime-cu12"])
    fix = missing_tool_fix(tool.name, major)
    text = failed(call(prefix.shim(tool.name)), f"{tool.name} (cuda-shims): ")
    newer = fix.startswith("NVIDIA publishes no ")
    found = "CUDA 12 is installed here, and" if newer else "not installed in this environment nor elsewhere on PATH;"
    assert text == f"{tool.name} (cuda-shims): {found} {fix}\n"
    assert newer is (major == 12 and tool.since > "13")


def test_a_tool_that_the_catalog_does_not_know(call, prefix):
    failed(call(prefix.shim("x*")), f"x* (cuda-shims): not installed in this environment nor elsewhere on PATH; {NONE}")


def test_on_macos(call, prefix):
    """Where there are no wheels, none is proposed."""
    script = prefix.shim()
    with open(script, encoding="utf-8") as file:
        text = file.read()
    assert text.count("command -p uname -s") == 1
    write(script, text.replace("command -p uname -s", "echo Darwin").encode(), 0o755)
    failed(call(script), f"NVIDIA has no CUDA wheels for macOS; they are for {SERVED}: {FIX}\n")


# compiler caches ------------------------------------------------------------------------------------------------------


def test_what_ccache_preprocesses_names_the_toolkit(call, prefix, tmp_path):
    """ccache hashes the shim, which is the same before and after an upgrade, and then this output."""
    prefix.toolkit("13.5.37")
    shim, tool = prefix.shim(), f"{prefix.site}/nvidia/cu13/bin/nvcc"
    line = f'# 1 "{tool}/ nvidia_cuda_nvcc-13.5.37.dist-info nvidia_nvvm-13.5.37.dist-info"\n'
    assert not os.path.exists(line.split('"')[1])
    # newer than 4.8: it reads standard output
    done = call(shim, "-c", "-E", "a b.cu", CCACHE_DISABLE="1")
    assert done.stdout.decode() == f"{tool}\0-c\0-E\0a b.cu\0{line}"
    # older: it names a file
    for output in (tmp_path / "cpp_stdout", tmp_path / "with a blank"):
        output.write_bytes(b"int i;\n")
        arguments = ["-E", "-o", str(output), "x.cu"]
        assert call(shim, *arguments, CCACHE_DISABLE="1").stdout == "\0".join([tool, *arguments, ""]).encode()
        assert output.read_text() == "int i;\n" + line


@pytest.mark.parametrize("word", ["-c", "-Xcompiler=-E", "-E ", " -E", "--E", ""])
def test_nothing_else_is_changed_for_ccache(call, prefix, word):
    prefix.toolkit()
    expected = call(prefix.shim(), word, "x.cu")
    for variables in ({"CCACHE_DISABLE": "1"}, {"CCACHE_DISABLE": ""}):
        assert call(prefix.shim(), word, "x.cu", **variables).stdout == expected.stdout
    assert call(prefix.shim(), "-E", "x.cu").stdout.endswith(b"x.cu\0")


def test_a_preprocessor_that_fails_for_ccache(call, prefix):
    prefix.toolkit()
    done = call(prefix.shim(), "-E", "x.cu", CCACHE_DISABLE="1", FAKE_EXIT="7")
    assert (done.returncode, done.stdout[-5:]) == (7, b"x.cu\0")


def test_a_toolkit_of_no_wheel_is_told_to_ccache_by_its_size_and_time(call, prefix, tmp_path):
    prefix.toolkit()
    tool = write(str(tmp_path / "cuda/bin/nvcc"), TOOL, 0o755)

    def said():
        done = call(prefix.shim(), "-E", CCACHE_DISABLE="1", CUDA_SHIMS_TOOLKIT=str(tmp_path / "cuda"))
        assert done.returncode == 0
        return done.stdout

    first = said()
    assert f'# 1 "{tool}/-rwxr-xr-x'.encode() in first
    assert b"dist-info" not in first
    assert said() == first
    write(tool, TOOL + b"\n", 0o755)
    assert said() != first


# transparency ---------------------------------------------------------------------------------------------------------

ARGUMENTS = [
    b"",
    b" ",
    b"two words",
    b"line\nbreak\n",
    b"tab\tand\rreturn",
    b"it's",
    b'say "hi"',
    b"\\",
    b"$HOME ${x} $(x) `x`",
    b"*",
    b"/*",
    b"[a-z]?",
    b"~",
    b"-n",
    b"-e",
    b"--",
    b"-",
    b"-Xcompiler=-fPIC,-O2",
    b"a=b",
    b"\xff\xfe\x80",
    "žluťoučký 🐎".encode(),
    b"%s\\n",
    b"#",
    b";&|<>(){}!",
    b"",
]


def test_arguments_are_byte_exact(call, prefix):
    toolkit = prefix.toolkit()
    done = call(prefix.shim(), *ARGUMENTS)
    expected = [os.fsencode(os.path.join(toolkit, "bin/nvcc")), *ARGUMENTS, b""]
    assert done.stdout.split(b"\0") == expected
    assert (done.returncode, done.stderr) == (0, b"")


def test_no_argument_at_all(call, prefix):
    toolkit = prefix.toolkit()
    assert call(prefix.shim()).stdout == os.fsencode(os.path.join(toolkit, "bin/nvcc")) + b"\0"


@pytest.mark.parametrize("code", [0, 1, 2, 126, 127, 255])
def test_exit_codes(call, prefix, code):
    prefix.toolkit()
    assert call(prefix.shim(), FAKE_EXIT=str(code)).returncode == code


def test_pid_stdio_and_signals_are_the_tools_own(shell, commands, prefix):
    script = (
        b"#!/bin/sh\ntrap 'echo caught >&2; exit 7' TERM\necho $$\nread line\necho \"$line\"\nsleep 30 &\nwait $!\n"
    )
    prefix.toolkit(tool=script)
    process = subprocess.Popen(
        [*shell, prefix.shim()],
        env={"PATH": commands},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert int(process.stdout.readline()) == process.pid
        process.stdin.write(b"through\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"through\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 7
        assert process.stderr.readline() == b"caught\n"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_signal_that_kills_the_tool_is_seen(call, prefix):
    prefix.toolkit(tool=b"#!/bin/sh\nkill -SEGV $$\n")
    assert call(prefix.shim()).returncode == -signal.SIGSEGV


#: what a shell sets by itself, whatever it runs
SHELLS_OWN = {"PWD", "OLDPWD", "SHLVL", "_"}


@pytest.mark.parametrize("forwarded", [False, True])
def test_the_callers_variables_reach_the_tool_unchanged(call, prefix, commands, forwarded):
    with open(os.path.realpath(shutil.which("env")), "rb") as file:
        env = file.read()
    place = "system/bin/nvcc" if forwarded else os.path.relpath(prefix.site, prefix.path) + "/nvidia/cu13/bin/nvcc"
    write(os.path.join(prefix.path, place), env, 0o755)
    names = "dir n i x found file root line tool self want best target prefix site major home depth rest extra bin up"
    variables = {name: f" {name} *\n$x\\" for name in (*names.split(), "HOME", "IFS_", "CDPATH", "ENV")}
    variables.update(BASH_ENV="", PYTHONPATH="a:b", CUDA_SHIMS_TOOLKIT="", XEMPTY="", XBYTES="\udcff\udcfe")
    path = [os.path.join(prefix.path, "system/bin")] if forwarded else []
    done = call(prefix.shim(), "-0", path=path, **variables)
    assert (done.returncode, done.stderr) == (0, b"")
    found = dict(os.fsdecode(row).split("=", 1) for row in done.stdout.split(b"\0") if row)
    if forwarded:
        assert found.pop("_CUDA_SHIMS_DEPTH") == "1"
    expected = {"PATH": os.pathsep.join([*path, commands]), **variables}
    assert {name: value for name, value in found.items() if name not in SHELLS_OWN} == expected


@pytest.mark.parametrize(
    "name",
    ["with space", "it's", 'say "hi"', "a*b", "[a]", "new\nline", "žluťoučký", "$HOME", "back\\slash", "\udcff", "-n"],
)
def test_prefixes_of_any_name(call, new_prefix, tmp_path, name):
    prefix = new_prefix(name)
    toolkit = prefix.toolkit()
    prefix.shim()
    shim = os.path.join(prefix.bin, "nvcc")
    assert ran(call(shim)) == os.path.join(toolkit, "bin/nvcc")
    link = str(tmp_path / "link" / "nvcc")
    os.mkdir(tmp_path / "link")
    os.symlink(shim, link)
    assert ran(call(link)) == os.path.join(toolkit, "bin/nvcc")
    # as another prefix on PATH
    lonely = write_shim(str(tmp_path / "lonely"))
    assert ran(call(lonely, path=[prefix.bin])) == os.path.join(toolkit, "bin/nvcc")


def test_a_link_to_nowhere_and_links_in_a_circle(call, tmp_path, prefix):
    shim = prefix.shim()
    hop = str(tmp_path / "nvcc")
    for _ in range(25):  # a chain longer than anybody's: an end, whatever it is
        os.symlink(shim, hop)
        shim, hop = hop, hop + "x"
    done = call(shim)
    assert (done.returncode, done.stdout) == (127, b"")


def test_links_that_have_become_a_circle(shell, commands, prefix, tmp_path):
    """Of which a shell opens none; so it is told that its name is one's."""
    os.symlink("nvcc", tmp_path / "nvcc")
    done = subprocess.run(
        [*shell, "-c", '. "$1"', str(tmp_path / "nvcc"), prefix.shim()],
        env={"PATH": commands},
        capture_output=True,
        check=False,
        timeout=60,
    )
    failed(done, "not installed")


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("bin", "./nvcc"),
        ("bin", "nvcc"),
        ("lib", "../bin/nvcc"),
        (".", "bin/nvcc"),
        (".", "./bin/./nvcc"),
        (".", "bin//nvcc"),
        (".", "lib/../bin/nvcc"),
    ],
)
def test_relative_invocations(call, prefix, tmp_path, folder, command):
    toolkit = prefix.toolkit()
    prefix.shim()
    write(str(tmp_path / "system/nvcc"), TOOL, 0o755)  # must not win over the one that was named
    path = ran(call(command, path=[str(tmp_path / "system")], cwd=os.path.join(prefix.path, folder)))
    assert os.path.isabs(path)
    assert os.path.normpath(path) == os.path.join(toolkit, "bin/nvcc")


@pytest.mark.parametrize(("folder", "entry"), [(".", "bin"), ("bin", "."), ("bin", ""), ("lib", "../bin")])
def test_a_relative_entry_of_path(shell, commands, prefix, folder, entry):
    toolkit = prefix.toolkit()
    prefix.shim()
    done = subprocess.run(
        [*shell, "-c", "exec nvcc x"],
        cwd=os.path.join(prefix.path, folder),
        env={"PATH": f"{entry}:{commands}"},
        capture_output=True,
        check=False,
    )
    assert os.path.normpath(ran(done)) == os.path.join(toolkit, "bin/nvcc")


def test_called_by_a_bare_name_through_path(shell, commands, prefix):
    if "busybox" in shell[0]:
        pytest.skip("busybox ash opens a script by its path alone")
    toolkit = prefix.toolkit()
    prefix.shim()
    command = [*shell, "nvcc"] if "bash" in shell[0] else [*shell, "-c", "exec nvcc"]
    done = subprocess.run(command, env={"PATH": f"{prefix.bin}:{commands}"}, capture_output=True, check=False, cwd="/")
    assert ran(done) == os.path.join(toolkit, "bin/nvcc")


@pytest.mark.parametrize("options", ["-e", "-u", "-f", "-C", "-efuC"])
@pytest.mark.parametrize("found", ["beside", "on PATH", "nowhere"])
def test_options_of_the_shell(shell, commands, prefix, tmp_path, options, found):
    """Bash takes them from an exported SHELLOPTS."""
    if found == "beside":
        prefix.toolkit()
    folder = os.path.dirname(write(str(tmp_path / "system/nvcc"), TOOL, 0o755)) if found == "on PATH" else "/nowhere"
    command = [*shell, options, prefix.shim()]
    done = subprocess.run(command, env={"PATH": f"{folder}:{commands}"}, capture_output=True, check=False)
    failed(done, "not installed") if found == "nowhere" else ran(done)


# cost -----------------------------------------------------------------------------------------------------------------


def test_no_fork_on_the_hot_path(prefix, tmp_path):
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace: apt-get install strace")
    prefix.toolkit()
    plant(f"{prefix.site}/cuda_shims_toolkit/cu13", prefix.site)
    log = str(tmp_path / "strace.log")
    shim = prefix.shim()
    done = subprocess.run(
        [strace, "-f", "-qq", "-e", "trace=process", "-o", log, shim, "a"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"strace may not trace here: {done.stderr.decode().strip()}")
    with open(log, encoding="utf-8") as file:
        calls = [line.split(None, 1)[1] for line in file]
    assert [line.split('"')[1] for line in calls if line.startswith("execve(")] == [shim, ran(done)]
    assert not [line for line in calls if line.startswith(("fork(", "vfork(", "clone(", "clone3("))]
