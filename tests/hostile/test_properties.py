"""
What holds for every input, tried with random ones: a few in CI, the same each time.

``CUDA_SHIMS_TEST_EXAMPLES=1000`` asks for ten times as many (it is a percentage), and for others in each run.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import tempfile

import pytest
from fake_toolkit import PYTHON, Prefix, snapshot, write, write_shim
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shell_support import SHELLS as EVALUATE
from shell_support import cmd_assignments, cmd_holds, decoded, evaluate, is_utf8, powershell_value, render, variables_of
from shim_support import SHELLS

from _cuda_shims import path_values
from _cuda_shims.variables import prepended
from cuda_shims import config
from cuda_shims.environment import record
from cuda_shims.environment.environment import Environment
from cuda_shims.errors import ConfigError
from cuda_shims.files import ledger, plan, replace
from cuda_shims.files.action import CONFLICT, KEEP
from cuda_shims.files.entry import Entry
from cuda_shims.installation.install import install
from cuda_shims.installation.uninstall import uninstall

GIVEN = os.environ.get("CUDA_SHIMS_TEST_EXAMPLES")


def examples(count):
    """Ask for a number of examples."""
    return settings(
        max_examples=max(1, int(GIVEN) * count // 100) if GIVEN else count,
        derandomize=not GIVEN,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


#: bytes that a value of the environment can hold, those that mean something to a shell more often than others
SPECIAL = b"'\"\\$`\n\r\t !%^&|;<>(){}[]*?~#=,:-+@./\x1b\x7f\xff\xc3\xa9"
BYTES = st.lists(
    st.one_of(st.sampled_from([bytes([each]) for each in SPECIAL]), st.binary(min_size=1, max_size=3)), max_size=16
).map(lambda parts: b"".join(parts).replace(b"\0", b""))
WORDS = st.one_of(BYTES, st.text(max_size=12).map(lambda text: text.replace("\0", "").encode("utf-8", "surrogatepass")))

# shells ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", EVALUATE)
@examples(20)
@given(values=st.lists(WORDS, min_size=25, max_size=25), folders=st.lists(BYTES, min_size=6, max_size=6, unique=True))
def test_shells_give_back_every_byte(shell, values, folders):
    variables = variables_of(values)
    places = [b"/x/" + each.replace(b":", b"") + b"/" + str(number).encode() for number, each in enumerate(folders)]
    fmt = EVALUATE[shell][2]
    text = "".join(render(variables, decoded(place), fmt) for place in places)
    with tempfile.TemporaryDirectory() as folder:
        environ = evaluate(shell, text, folder)
    assert {name: environ.get(name.encode()) for name in variables} == {
        name: os.fsencode(value) for name, value in variables.items()
    }
    assert environ[b"PATH"].split(b":") == [*reversed(places), b"/usr/bin", b"/bin"]


@examples(300)
@given(value=WORDS.filter(lambda value: value and is_utf8(value)))
def test_powershell_by_its_grammar(value):
    line = render({"CUDA_HOME": decoded(value)}, "/x", "powershell").split("\n")[0]
    assert line.isascii()
    assert powershell_value(line.partition(" = ")[2]) == decoded(value)


@examples(300)
@given(value=WORDS.filter(lambda value: value and cmd_holds(value)))
def test_cmd_by_its_grammar(value):
    environ = cmd_assignments(render({"CUDA_HOME": decoded(value)}, "C:\\x", "cmd"), {"PATH": "C:\\old"})
    assert environ == {"CUDA_HOME": decoded(value), "PATH": "C:\\x;C:\\old"}


PART = st.sampled_from(["/a", "/b", "/c d", "", ".", "/a/"])


@examples(200)
@given(path=st.lists(PART, max_size=6), folder=PART.filter(bool))
def test_a_folder_is_put_first_once(path, folder):
    value = os.pathsep.join(path)
    once = prepended(value, folder)
    assert prepended(once, folder) == once
    kept = [each for each in path if each != folder] if value else []
    assert once.split(os.pathsep) == [folder, *kept]


@examples(200)
@given(path=st.lists(PART | st.sampled_from(["/r/bin", "/r/lib64/stubs", "/o/bin", "/o/lib64/stubs"]), max_size=6))
def test_roots_are_first_and_last_once(path):
    outer = {"/o/bin", "/o/lib64/stubs"}
    values = path_values("/r", "/o", dict.fromkeys(["PATH", "LIBRARY_PATH"], os.pathsep.join(path)))
    assert path_values("/r", "/o", values) == values
    for name, folder in (("PATH", "bin"), ("LIBRARY_PATH", "lib64/stubs")):
        kept = [each for each in path if each not in {f"/r/{folder}", *outer}] if any(path) or path[1:] else []
        first = name == "PATH"
        assert values[name].split(os.pathsep) == [*[f"/r/{folder}"] * first, *kept, *[f"/r/{folder}"] * (not first)]


# the shim -------------------------------------------------------------------------------------------------------------

ARGUMENTS = st.lists(BYTES, max_size=40)


@pytest.mark.parametrize("shell", SHELLS)
@examples(15)
@given(
    arguments=ARGUMENTS,
    name=BYTES.map(lambda name: name.replace(b"/", b"")[:40]).filter(lambda n: n not in {b".", b".."}),
)
def test_arguments_reach_the_tool(shell, arguments, name):
    name_of_shell, *options = SHELLS[shell]
    if shutil.which(name_of_shell) is None:
        pytest.skip(f"needs {name_of_shell}")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, os.fsdecode(name))
        shim = write_shim(os.path.join(path, "bin"))
        tool = write(
            os.path.join(path, f"lib/{PYTHON}/site-packages/nvidia/cu13/bin/nvcc"),
            b'#!/bin/sh\nprintf \'%s\\0\' "$0" "$@"\n',
            0o755,
        )
        command = [shutil.which(name_of_shell), *options, shim, *arguments]
        done = subprocess.run(command, env={"PATH": "/nowhere"}, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.split(b"\0")[:-1] == [os.fsencode(os.path.normpath(tool)), *arguments]


# plan and apply -------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c", "d e", "f\udcff", "$x", "-n"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def _entries(files, targets):
    return st.one_of(
        st.builds(Entry, PATHS, st.none(), st.sampled_from(files), st.sampled_from([0o644, 0o755])),
        st.builds(Entry, PATHS, st.sampled_from(targets)),
    )


#: no two are the same: a file that is as we would write it counts as ours
THEIR_ENTRIES = _entries([b"theirs", b"\0\xff"], ["a", "../b", "/nowhere"])
OUR_ENTRIES = _entries([b"", b"ours"], ["x y", "\udcff", "."])


def _without_conflicts(entries):
    # of entries for one tree: no path twice, none below another
    kept = {}
    for entry in entries:
        if not any(
            entry.path == each or f"{entry.path}/".startswith(f"{each}/") or each.startswith(f"{entry.path}/")
            for each in kept
        ):
            kept[entry.path] = entry
    return list(kept.values())


THEIR_TREES = st.lists(THEIR_ENTRIES, max_size=6).map(_without_conflicts)
OUR_TREES = st.lists(OUR_ENTRIES, max_size=6).map(_without_conflicts)


def _lay(folder, entries):
    for entry in entries:
        path = os.path.join(folder, entry.path)
        if entry.link is None:
            write(path, entry.data, entry.mode)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(entry.link, path)


def _files(folder):
    return {path: content for path, content in snapshot(folder).items() if content != ("folder",)}


@examples(200)
@given(theirs=THEIR_TREES, wanted=OUR_TREES, later=OUR_TREES, force=st.booleans())
def test_plans(theirs, wanted, later, force):
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "folder")
        os.mkdir(folder)
        _lay(folder, theirs)
        before = _files(folder)

        def carry_out(entries, recorded):
            actions = plan.make_plan(folder, entries, recorded, force=force)
            owned = replace.carry_out(folder, actions)
            again = plan.make_plan(folder, entries, owned, force=force)
            assert {each.kind for each in again} <= {KEEP, CONFLICT}
            assert {each.path for each in again if each.kind == CONFLICT} == {
                each.path for each in actions if each.kind == CONFLICT and each.entry
            }
            return owned

        # no file of ours ever becomes a folder of ours: those are in roots, which are exchanged as a whole
        paths = {each.path for each in wanted}
        later = [each for each in later if each.path in paths or each in _without_conflicts([*wanted, each])]
        try:
            owned = carry_out(wanted, {})
            owned = carry_out(later, owned)
        except OSError:  # a file of theirs where a folder is wanted
            assert any(os.path.dirname(entry.path) for entry in (*wanted, *later))
        else:
            replace.carry_out(folder, plan.removals(folder, owned))
            if not force:
                assert _files(folder) == before
        after = _files(folder)
        if not force:  # whatever happened, what is theirs is there, as it was
            assert {path: after.get(path) for path in before} == before
        assert os.listdir(top) == ["folder"]


#: where a user may have something of his own that is in the way
PLACES = [
    *("bin/nvcc", "bin/ptxas", "bin/cuobjdump", "bin/other", "{site}/sitecustomize.py", "bin/nvcc.exe"),
    *("{site}/nvidia/cu13/own", "{site}/nvidia/cu14/lib/x.so", "{site}/cuda_shims", "{site}/own.pth", "bin/sub/nvcc"),
]
THEIRS = st.dictionaries(
    st.sampled_from(PLACES),
    st.sampled_from(["file", "shell script", "link", "dangling link", "loop", "folder"]),
    max_size=5,
)


@examples(40)
@given(theirs=THEIRS, twice=st.booleans(), force=st.booleans())
def test_uninstall_after_install_is_the_identity(theirs, twice, force):
    with tempfile.TemporaryDirectory() as top:
        prefix = Prefix(os.path.join(top, "env"))
        prefix.toolkit()
        for place, kind in theirs.items():
            path = os.path.join(prefix.path, place.format(site=os.path.relpath(prefix.site, prefix.path)))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if kind == "folder":
                write(os.path.join(path, "inside"), b"theirs")
            elif kind in {"file", "shell script"}:
                write(path, b"theirs" if kind == "file" else b"#!/bin/sh\necho theirs\n", 0o755)
            else:
                target = {"link": prefix.site, "dangling link": "nowhere", "loop": os.path.basename(path)}[kind]
                os.symlink(target, path)
        before = _files(prefix.path)
        # as an installer unpacks it; what was there under one of its names is overwritten by that, not by us
        alone = Prefix(os.path.join(top, "alone"))
        dist_info = alone.ours()
        unpacked = {path: os.path.join(alone.path, path) for path in _files(alone.path)}
        for path, source in unpacked.items():
            if not os.path.lexists(os.path.join(prefix.path, path)):
                os.makedirs(os.path.dirname(os.path.join(prefix.path, path)), exist_ok=True)
                shutil.copy2(source, os.path.join(prefix.path, path))
        dist_info = os.path.join(prefix.site, os.path.basename(dist_info))
        environment = Environment((prefix.site,), prefix.bin, dist_info, is_target=False, label="test")
        for _ in range(2 if twice else 1):
            changes = install(environment, force=force)
        assert {change.kind for change in install(environment, force=force)} <= {
            KEEP,
            CONFLICT,
        }
        if not force:
            taken = {change.path for change in changes if change.kind == CONFLICT}
            assert {os.path.relpath(path, prefix.path) for path in taken} <= set(before) | {
                os.path.dirname(path) for path in before
            }
        uninstall(environment, force=False)
        after = _files(prefix.path)
        if not force:
            assert after == before
        else:
            assert set(after) <= set(before)


# records --------------------------------------------------------------------------------------------------------------

#: a path as RECORD may have it; one that breaks lines is another matter
RECORDED = st.text(st.characters(exclude_characters="\0\r\n"), min_size=1, max_size=12)


@examples(300)
@given(
    rows=st.dictionaries(RECORDED, st.sampled_from([("", ""), ("sha256=x", "1")]), max_size=6),
    add=RECORDED,
    drop=RECORDED,
)
def test_records(rows, add, drop):
    import io

    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows([path, *row] for path, row in rows.items())
    text = buffer.getvalue()
    assert record.record_lines(text) == rows
    once = record.amended(text, {add: b"1", "folder": None}, [drop])
    assert record.amended(once, {add: b"1", "folder": None}, [drop]) == once
    found = {row[0]: tuple(row[1:]) for row in csv.reader(io.StringIO(once, newline=""))}
    expected = {path: row for path, row in rows.items() if path != drop or path in {add, "folder"}}
    assert found == {**expected, add: (record.record_hash(b"1"), "1"), "folder": ("", "")}
    assert [line for line in text.split("\n") if line and line not in once.split("\n")] == [
        line
        for line in text.split("\n")
        if line and next(csv.reader([line]))[0] in {add, drop, "folder"} and line not in once.split("\n")
    ]


DIGEST = st.one_of(st.binary(max_size=4).map(lambda data: f"sha256:{data.hex()}"), st.just("link:a b"))


#: relative, as ours are
OWN_PATHS = st.text(st.characters(exclude_characters="\0\t\n/", exclude_categories=["Cs"]), min_size=1, max_size=9)


@examples(200)
@given(digests=st.dictionaries(OWN_PATHS, DIGEST))
def test_our_ledger(digests):
    with tempfile.TemporaryDirectory() as folder:
        write(os.path.join(folder, ledger.LEDGER), ledger.ledger_text(digests))
        assert ledger.read_ledger(folder) == digests


# configuration --------------------------------------------------------------------------------------------------------

TOOLKITS = st.one_of(st.integers(-5, 2000), st.text("0123456789.x/ \u0661", max_size=4), st.booleans(), st.just([13]))
VALUES = st.one_of(
    TOOLKITS, st.sampled_from(["user", "wheels", "User"]), st.floats(allow_nan=False, allow_infinity=False)
)
KEYS = st.one_of(st.sampled_from(["toolkit", "prefer"]), st.text("abc-_", min_size=1, max_size=5))


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


@examples(400)
@given(table=st.dictionaries(KEYS, VALUES, max_size=3), form=st.sampled_from(["table", "inline", "dotted"]))
def test_configuration(table, form):
    rows = [f"{key} = {_toml(value)}" for key, value in table.items()]
    text = {
        "table": "[tool.cuda-shims]\n" + "\n".join(rows),
        "inline": "tool.cuda-shims = { " + ", ".join(rows) + " }",
        "dotted": "[tool]\n" + "\n".join(f"cuda-shims.{row}" for row in rows),
    }[form]
    with tempfile.TemporaryDirectory() as folder:
        write(os.path.join(folder, "pyproject.toml"), text.encode())
        try:
            chosen = config.load_config(folder, {})
        except ConfigError as error:
            assert str(error).isprintable()  # noqa: PT017 # either outcome may be right
            return
    # what is read is what was written, and nothing else was
    assert set(table) <= {"toolkit", "prefer"}
    assert chosen.toolkit == (str(table["toolkit"]) if "toolkit" in table else None)
    assert chosen.prefer == table.get("prefer", "user")
    if chosen.toolkit:  # the variable takes what the file takes
        assert config.load_config("/nonexistent", {"CUDA_SHIMS_TOOLKIT": chosen.toolkit}).toolkit == chosen.toolkit


@examples(300)
@given(value=st.text(max_size=8).filter(lambda text: "\0" not in text))
def test_a_toolkit_of_any_text(value):
    try:
        chosen = config.load_config("/nonexistent", {"CUDA_SHIMS_TOOLKIT": value}).toolkit
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 # as above
        assert not value.startswith("/")
    else:
        assert chosen == (value or None)
        assert not value or value.startswith("/") or (value.isascii() and 0 < int(value) < 1000)
