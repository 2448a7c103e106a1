"""Files and variables in, a Config or one clear error out."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from cuda_shims import config
from cuda_shims.config import MAX_BYTES, MAX_PARSED, Config, load_config
from cuda_shims.errors import ConfigError

TABLE = "tool.cuda-shims"
READER = "tomllib" if sys.version_info >= (3, 11) else "tomli"


def write(folder, text: str | bytes) -> str:
    path = os.path.join(str(folder), "pyproject.toml")
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def test_defaults(tmp_path) -> None:
    assert load_config(str(tmp_path), {}) == Config(toolkit=None, prefer="user") == Config()


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Config().prefer = "wheels"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Config()),
        ('[build-system]\nrequires = ["cuda-shims[cu13]"]', Config()),
        ("[tool.other]\n# cuda-shims\n", Config()),
        ("[tool.cuda-shims]", Config()),
        ("[tool.cuda-shims]\ntoolkit = 13", Config(toolkit="13")),
        ('[tool.cuda-shims]\ntoolkit = "13"', Config(toolkit="13")),
        ('[tool.cuda-shims]\ntoolkit = "999"', Config(toolkit="999")),
        ('[tool.cuda-shims]\nprefer = "user"', Config()),
        ('[tool.cuda-shims]\nprefer = "wheels"', Config(prefer="wheels")),
        (
            '[tool."cuda-shims"]\r\ntoolkit = 12\r\nprefer = "wheels"',
            Config("12", "wheels"),
        ),
        ('tool.cuda-shims.prefer = "wheels"', Config(prefer="wheels")),
        ('[tool]\ncuda-shims = {prefer = "wheels"}', Config(prefer="wheels")),
        ("cuda-shims = 1", Config()),
    ],
)
def test_file(text: str, wanted: Config, tmp_path) -> None:
    write(tmp_path, text)
    assert load_config(str(tmp_path), {}) == wanted


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"CUDA_SHIMS_TOOLKIT": "12"}, Config("12", "wheels")),
        (
            {"CUDA_SHIMS_TOOLKIT": os.path.abspath("/opt/cuda 13")},
            Config(os.path.abspath("/opt/cuda 13"), "wheels"),
        ),
        ({"CUDA_SHIMS_TOOLKIT": ""}, Config("13", "wheels")),
        ({"CUDA_SHIMS_PREFER": "user"}, Config("13", "user")),
        ({"CUDA_SHIMS_PREFER": "wheels"}, Config("13", "wheels")),
        ({"CUDA_SHIMS_PREFER": ""}, Config("13", "wheels")),
    ],
)
def test_the_environment_beats_the_file(environ: dict[str, str], wanted: Config, tmp_path) -> None:
    write(tmp_path, '[tool.cuda-shims]\ntoolkit = 13\nprefer = "wheels"')
    assert load_config(str(tmp_path), environ) == wanted


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("TOOLKIT", "13.5", "'13.5' is neither a CUDA major, such as 13, nor the absolute path of a toolkit root"),
        ("TOOLKIT", "013", "'013' is neither "),
        ("TOOLKIT", "0", "'0' is neither "),
        ("TOOLKIT", "1234", "'1234' is neither "),
        ("TOOLKIT", "²", "'²' is neither "),
        ("TOOLKIT", "-13", "'-13' is neither "),
        ("TOOLKIT", " 13", "' 13' is neither "),
        ("TOOLKIT", "cuda/13", "'cuda/13' is neither "),
        ("TOOLKIT", "x\n" + "y" * 99, "'x\\n" + "y" * 58 + "…' is neither "),
        ("PREFER", "wheel", "'wheel' is neither user nor wheels"),
        ("PREFER", "User", "'User' is neither user nor wheels"),
    ],
)
def test_environment_errors(name: str, value: str, problem: str, tmp_path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(str(tmp_path), {f"CUDA_SHIMS_{name}": value})
    error = caught.value
    assert (error.source, error.key) == ("environment", f"CUDA_SHIMS_{name}")
    assert error.problem.startswith(problem)
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("tool = 1\n# cuda-shims.", "tool", "is an integer and must be a table"),
        ("[[tool]]\ncuda-shims = 1", "tool", "is an array and must be a table"),
        ("[tool]\ncuda-shims = 13", TABLE, f"is an integer and must be a table: [{TABLE}]"),
        ("[tool]\ncuda-shims = 1979-05-27", TABLE, "is a date or time and must be a table"),
        ("[[tool.cuda-shims]]", TABLE, "is an array and must be a table"),
        # the toolkit
        (f"[{TABLE}]\ntoolkit = true", f"{TABLE}.toolkit", "is a boolean and must be a CUDA major, such as 13"),
        (f"[{TABLE}]\ntoolkit = 13.5", f"{TABLE}.toolkit", "is a float and must be a CUDA major, such as 13"),
        (f"[{TABLE}]\ntoolkit = [13]", f"{TABLE}.toolkit", "is an array and must be "),
        (f"[{TABLE}]\ntoolkit = {{}}", f"{TABLE}.toolkit", "is a table and must be "),
        (f"[{TABLE}]\ntoolkit = 12:00:00", f"{TABLE}.toolkit", "is a date or time and must be "),
        (f"[{TABLE}]\ntoolkit = 0", f"{TABLE}.toolkit", "must be a CUDA major, such as 13"),
        (f"[{TABLE}]\ntoolkit = -13", f"{TABLE}.toolkit", "must be a CUDA major, such as 13"),
        (f"[{TABLE}]\ntoolkit = 1000", f"{TABLE}.toolkit", "must be a CUDA major, such as 13"),
        (f"[{TABLE}]\ntoolkit = 0x{'f' * 9999}", f"{TABLE}.toolkit", "must be a CUDA major, such as 13"),
        (f'[{TABLE}]\ntoolkit = "13.5"', f"{TABLE}.toolkit", "'13.5' is not a CUDA major: 13 alone"),
        (f'[{TABLE}]\ntoolkit = ""', f"{TABLE}.toolkit", "'' is not a CUDA major, such as 13"),
        (f'[{TABLE}]\ntoolkit = "013"', f"{TABLE}.toolkit", "'013' is not a CUDA major, such as 13"),
        (f'[{TABLE}]\ntoolkit = "newest"', f"{TABLE}.toolkit", "'newest' is not a CUDA major, such as 13"),
        (
            f'[{TABLE}]\ntoolkit = "/usr/local/cuda"',
            f"{TABLE}.toolkit",
            "must be a CUDA major, such as 13: only CUDA_SHIMS_TOOLKIT accepts a path",
        ),
        (f"[{TABLE}]\ntoolkit = 'C:\\cuda'", f"{TABLE}.toolkit", "must be a CUDA major, such as 13: only CUDA_SHIMS"),
        # the other keys
        (f"[{TABLE}]\nprefer = 1", f"{TABLE}.prefer", 'is an integer and must be "user" or "wheels"'),
        (f'[{TABLE}]\nprefer = "wheel"', f"{TABLE}.prefer", '\'wheel\' is neither "user" nor "wheels"'),
        (f'[{TABLE}]\nprefer = "{"x" * 99}"', f"{TABLE}.prefer", f"'{'x' * 60}…' is neither "),
        (f"[{TABLE}]\ndriver-stub = false", f"{TABLE}.driver-stub", "is unknown; the keys are toolkit, prefer"),
        # unknown keys
        (f"[{TABLE}]\ntoolkits = 13", f"{TABLE}.toolkits", "is unknown; did you mean toolkit?"),
        (f"[{TABLE}]\ncolour = 1", f"{TABLE}.colour", "is unknown; the keys are toolkit, prefer"),
        (f"[{TABLE}.linux]\n", f"{TABLE}.linux", "is unknown; the keys are toolkit, prefer"),
        (f'[{TABLE}]\n"a\\nb" = 1', f"{TABLE}.'a\\nb'", "is unknown; "),
        (f"[{TABLE}]\n{'k' * 500} = 1", f"{TABLE}.{'k' * 120}…", "is unknown; "),
        # no TOML
        (
            f"[{TABLE}]\nprefer = \n",
            TABLE,
            "cannot be read: the file is not TOML: Invalid value (at line 2, column 10)",
        ),
        (f"[{TABLE}]\n[{TABLE}]", TABLE, "cannot be read: the file is not TOML: "),
        (f"[{TABLE}", TABLE, "cannot be read: the file is not TOML: "),
        (f"\ufeff[{TABLE}]", TABLE, "cannot be read: the file is not TOML: "),
        (f"\n\n[{TABLE}]\n\xe9".encode("latin-1"), TABLE, "cannot be read: the file is not UTF-8 (at line 4)"),
        (f"[{TABLE}]\0", TABLE, "cannot be read: the file is not TOML: "),
        (f"x = {'[' * 50000}\n[{TABLE}]", TABLE, "cannot be read: the file's arrays or tables are nested too deeply"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_file_errors(text: str | bytes, key: str, problem: str, tmp_path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(str(tmp_path), {})
    error = caught.value
    assert (error.source, error.key) == (path, key)
    assert error.problem.startswith(problem)
    assert str(error).startswith(f"{path}: {key}: ")
    assert str(error).isprintable()
    assert len(str(error)) < len(path) + 400


@pytest.mark.parametrize("key", ["toolkit", "other"])
def test_a_key_of_many_parts(key: str, tmp_path) -> None:
    # a table that repr() cannot show; newer readers refuse it themselves
    write(tmp_path, f"[{TABLE}]\n{key}{'.x' * 2000} = 1")
    with pytest.raises(ConfigError, match=rf"{TABLE}(\.{key}: is |: cannot be read: )"):
        load_config(str(tmp_path), {})


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("other" + ".x" * 900 + " = 1", True),
        ("other" + ".x" * 20000 + " = 1", False),
        ("[other" + ".x" * 20000 + "]", False),
        ("other = { " + ", ".join(f"a{n}" + ".x" * 900 for n in range(2)) + " = 1 }", False),
        ("\n".join(f"a{n}" + ".x" * 200 + " = 1" for n in range(1000)), False),
        ("x = [" + ", ".join(f'"p{n}==1.2.3"' for n in range(400)) + "]", True),
        ("x = [\n" + ",\n".join(f'"p{n}==1.2.3"' for n in range(10000)) + "\n]", True),
        (
            "\n".join(f"# see https://docs.example.org/{n}/index.html, sections 1.2.3, 1.2.4 ..." for n in range(3000)),
            True,
        ),
    ],
)
@pytest.mark.timeout(60)
def test_keys_that_cost_the_square_of_their_length(text: str, read: bool, tmp_path) -> None:
    write(tmp_path, f"{text}\n[{TABLE}]\ntoolkit = 13\n")
    if read:
        assert load_config(str(tmp_path), {}).toolkit == "13"
    else:
        with pytest.raises(ConfigError, match=r"lines with too many dots; break them$"):
            load_config(str(tmp_path), {})


@pytest.mark.skipif(
    not hasattr(sys, "set_int_max_str_digits"), reason="this Python has no limit for the digits of an integer"
)
def test_an_integer_of_too_many_digits(tmp_path) -> None:
    write(tmp_path, f"[{TABLE}]\ntoolkit = {'1' * 9999}")
    with pytest.raises(ConfigError, match="not TOML: "):
        load_config(str(tmp_path), {})


@pytest.mark.parametrize("text", [b"[broken", b"\xff\xfe", b"\0", b"x = " + b"[" * 50000])
def test_a_file_that_does_not_mention_us_may_be_anything(text: bytes, tmp_path) -> None:
    write(tmp_path, text)
    assert load_config(str(tmp_path), {}) == Config()


def test_any_bytes(tmp_path) -> None:
    generator = random.Random(7)  # noqa: S311 # not for secrets: the same bytes in every run
    good = b'[tool.cuda-shims]\ntoolkit = "13"\nprefer = "wheels"\n'
    alphabet = b"[]{}=.,\"'\\\n#-_ 013eExXtTzZ:+\x00\xff\xc3\xa9"
    for _ in range(1500):
        text = bytearray(good)
        for _ in range(generator.randrange(1, 4)):
            at = generator.randrange(len(text) + 1)
            text[at : at + generator.randrange(3)] = bytes(generator.choices(alphabet, k=generator.randrange(3)))
        write(tmp_path, bytes(text))
        try:
            load_config(str(tmp_path), {})
        except ConfigError as error:
            assert str(error).isprintable()  # noqa: PT017 # either outcome is right


# the file itself -----------------------------------------------------------------------------------------------------


def test_a_file_that_is_too_large(tmp_path) -> None:
    good = b"[tool.cuda-shims]\ntoolkit = 13\n"
    write(tmp_path, good + b"#" * (MAX_PARSED - len(good)))
    assert load_config(str(tmp_path), {}).toolkit == "13"
    for size, limit in ((MAX_PARSED + 1, MAX_PARSED), (MAX_BYTES, MAX_PARSED), (MAX_BYTES + 1, MAX_BYTES)):
        path = write(tmp_path, good + b"#" * (size - len(good)))
        with pytest.raises(ConfigError, match=f"larger than {limit} bytes") as caught:
            load_config(str(tmp_path), {})
        assert caught.value.source == path


def test_a_large_file_that_does_not_configure_us_is_not_ours_to_refuse(tmp_path) -> None:
    write(tmp_path, b'requires = ["cuda-shims"]\n' + b"#" * MAX_PARSED)
    assert load_config(str(tmp_path), {}) == Config()


def test_parents_are_not_looked_at(tmp_path) -> None:
    write(tmp_path, '[tool.cuda-shims]\nprefer = "wheels"')
    (tmp_path / "below").mkdir()
    assert load_config(str(tmp_path / "below"), {}) == Config()


def test_no_directory(tmp_path) -> None:
    assert load_config(str(tmp_path / "nothing"), {}) == Config()
    (tmp_path / "file").write_bytes(b"")
    assert load_config(str(tmp_path / "file"), {}) == Config()


def test_a_link_is_followed(tmp_path) -> None:
    write(tmp_path, "[tool.cuda-shims]\ntoolkit = 13")
    (tmp_path / "link").mkdir()
    try:
        os.symlink(str(tmp_path / "pyproject.toml"), str(tmp_path / "link" / "pyproject.toml"))
    except OSError:
        pytest.skip("this user cannot make symbolic links")
    assert load_config(str(tmp_path / "link"), {}).toolkit == "13"


def test_a_directory_of_that_name(tmp_path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(ConfigError, match="this is not a regular file"):
        load_config(str(tmp_path), {})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.timeout(20)
def test_a_fifo_does_not_block(tmp_path) -> None:
    os.mkfifo(str(tmp_path / "pyproject.toml"))
    with pytest.raises(ConfigError, match="this is not a regular file"):
        load_config(str(tmp_path), {})


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no POSIX permissions")
def test_a_file_that_may_not_be_read(tmp_path) -> None:
    path = write(tmp_path, "[tool.cuda-shims]")
    os.chmod(path, 0)
    # root may read everything
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(ConfigError, match=r"cannot be read \(Permission denied\): give access") as caught:
            load_config(str(tmp_path), {})
    finally:
        os.seteuid(user)
    assert caught.value.source == path


def test_a_loop_of_links(tmp_path) -> None:
    try:
        os.symlink("pyproject.toml", str(tmp_path / "pyproject.toml"))
    except OSError:
        pytest.skip("this user cannot make symbolic links")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(str(tmp_path), {})


def test_without_a_toml_reader(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, READER, None)
    path = write(tmp_path, "[tool.cuda-shims]")
    with pytest.raises(ConfigError, match=f"{sys.executable} has no {READER}, .* install it there$") as caught:
        load_config(str(tmp_path), {})
    assert caught.value.source == path


@pytest.mark.parametrize(
    ("text", "loaded"),
    [
        ("", False),
        ("[tool.other]\nx = 1", False),
        ('[build-system]\nrequires = ["cuda-shims"]', False),
        ("[build-system]\nrequires = [\n  'cuda-shims>=0.1',\n  \"cuda-shims == 0.1\",\n]", False),
        ("[tool.cuda-shims]", True),
        ('[ tool . "cuda-shims" ]', True),
        ("[tool]\ncuda-shims = {}", True),
        ("tool = { 'cuda-shims' = {} }", True),
        ('tool.cuda-shims.prefer = "user"', True),
    ],
)
def test_the_toml_reader_is_loaded_for_us_only(text: str, loaded: bool, tmp_path) -> None:
    write(tmp_path, text)
    code = (
        "import sys; from cuda_shims.config import load_config; names = {'tomllib', 'tomli', 'difflib'};"
        # a measured child has them already
        " [sys.modules.pop(name, None) for name in names]; load_config(sys.argv[1], {});"
        " print(*(names & set(sys.modules)))"
    )
    source = os.path.dirname(os.path.dirname(os.path.abspath(config.__file__)))
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": source},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert done.stdout.split() == ([READER.encode()] if loaded else [])
