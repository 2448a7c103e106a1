"""What a DLL exports, and the import library that is written of it."""

from __future__ import annotations

import os
import struct

import pytest
from fake_dll import ARM64, SHIFT, TABLE, X64, ImportLibrary, read_object, write_dll

from cuda_shims.root.import_library import Exports, import_library, library_name, read_exports

NAMES = [b"cublasCreate_v2", b"cublasDestroy_v2", b"?mangled@@YAHXZ"]


@pytest.fixture
def read(tmp_path):
    """Give a function that reads the exports of a DLL's bytes."""

    def read(data):
        path = tmp_path / "x.dll"
        path.write_bytes(data)
        return read_exports(str(path))

    return read


@pytest.mark.parametrize(("machine", "folder"), [(X64, "x64"), (ARM64, "arm64")])
def test_exports(read, machine, folder):
    found = read(write_dll(NAMES, machine))
    assert found.names == [(name, False) for name in sorted(NAMES)]
    assert found.folder == folder


def test_exports_by_number_alone_have_no_name(read):
    assert read(write_dll(NAMES, unnamed=3)).names == [(name, False) for name in sorted(NAMES)]


def test_data_is_told_from_functions(read):
    found = read(write_dll([b"f"], data=[b"d"], forwarded=[b"other"]))
    assert found.names == [(b"d", True), (b"f", False), (b"other", False)]


def test_no_exports(read):
    assert read(write_dll([])).names == []
    data = bytearray(write_dll([]))
    struct.pack_into("<II", data, 64 + 24 + 112, 0, 0)
    assert list(read(bytes(data)).names) == []


def _with(at, what):
    """Change a DLL's bytes."""
    return lambda data: data[:at] + what + data[at + len(what) :]


_OPTIONAL, _EXPORTS = 64 + 24, TABLE - SHIFT
_SECTIONS = _OPTIONAL + 240


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        pytest.param(lambda _: b"", "cut short", id="empty"),
        pytest.param(lambda data: data[:60], "cut short", id="no header"),
        pytest.param(lambda data: data[:100], "cut short", id="half a header"),
        pytest.param(lambda data: data[:-9], "cut short", id="half a table"),
        pytest.param(_with(0, b"\x7fELF"), "not a DLL", id="ELF"),
        pytest.param(_with(60, b"\xff\xff\xff\x7f"), "cut short", id="header past the end"),
        pytest.param(_with(64, b"NE"), "not a DLL", id="no PE"),
        pytest.param(_with(68, b"\x4c\x01"), "not a DLL", id="i386"),
        pytest.param(_with(70, b"\xff\xff"), "wrong size", id="sections without end"),
        pytest.param(_with(84, b"\x20\x00"), "wrong size", id="short optional header"),
        pytest.param(_with(86, b"\x02\x00"), "not a DLL", id="program"),
        pytest.param(_with(_OPTIONAL, b"\x0b\x01"), "not a 64-bit", id="PE32"),
        pytest.param(_with(_OPTIONAL + 112, b"\0\0\0\x7f"), "none of its sections", id="table nowhere"),
        pytest.param(_with(_OPTIONAL + 116, b"\xff\xff\xff\xff"), "none of its sections", id="table without end"),
        pytest.param(_with(_OPTIONAL + 116, b"\x08\0\0\0"), "cut short", id="short table"),
        pytest.param(_with(_SECTIONS + 80 + 16, b"\xff\xff\xff\x7f"), "exports have|no name|cut short", id="section"),
        pytest.param(_with(_EXPORTS + 20, b"\xff\xff\xff\xff"), "more than", id="functions without end"),
        pytest.param(_with(_EXPORTS + 24, b"\xff\xff\xff\xff"), "more than", id="names without end"),
        pytest.param(_with(_EXPORTS + 24, b"\xff\x0f\0\0"), "cut short", id="more names than there are"),
        pytest.param(_with(_EXPORTS + 28, b"\0\0\0\0"), "are outside of it", id="addresses elsewhere"),
        pytest.param(_with(_EXPORTS + 32, b"\xff\xff\xff\xff"), "cut short", id="names elsewhere"),
        pytest.param(_with(_EXPORTS + 40 + 12, b"\0\0\0\0"), "no name", id="a name elsewhere"),
        pytest.param(_with(_EXPORTS + 40 + 24, b"\xff\xff"), "no address", id="a number too large"),
    ],
)
def test_what_is_no_whole_dll(read, change, wrong):
    data = change(write_dll(NAMES))
    if wrong.startswith("exports"):  # a section may say that it is larger than the file, as long as the table is there
        assert read(data).names
    else:
        with pytest.raises(ValueError, match=wrong):
            read(data)


def test_names_that_share_bytes(read):
    """A table in which thousands of names are one long name would make a library of gigabytes."""
    names = [b"%04d" % number for number in range(90)]
    data = bytearray(write_dll([*names, b"zz" + b"x" * 300]))
    pointers = _EXPORTS + 40 + 4 * 91
    (long_name,) = struct.unpack_from("<I", data, pointers + 4 * 90)
    struct.pack_into("<91I", data, pointers, *[long_name] * 91)
    with pytest.raises(ValueError, match="overlap"):
        read(bytes(data))


def test_an_empty_name(read):
    data = bytearray(write_dll(NAMES))
    data[data.index(b"?mangled")] = 0
    with pytest.raises(ValueError, match="overlap"):
        read(bytes(data))


def test_no_file(tmp_path):
    os.mkfifo(tmp_path / "x.dll")
    for name in ("nothing.dll", "x.dll", "."):
        with pytest.raises(OSError, match=r"No such file|regular file|directory"):
            read_exports(str(tmp_path / name))


def test_little_is_read(tmp_path):
    """A DLL of 500 MB, which is mostly code for GPUs, takes no longer than a small one: it may be sparse here."""
    path = tmp_path / "x.dll"
    path.write_bytes(write_dll(NAMES))
    os.truncate(path, 1 << 40)
    assert len(read_exports(str(path)).names) == 3


@pytest.mark.parametrize("dll", ["x.dll", "cublas64_13.dll", "nvrtc64_130_0.dll", "cudnn_engines64_9.dll"])
@pytest.mark.parametrize("machine", [X64, ARM64])
def test_a_library(dll, machine):
    names = [(b"data", True), (b"f", False), (b"g", False)]
    data = import_library(dll, Exports(machine, names))
    library = ImportLibrary(data)
    own = dll.encode()
    stem = own[:-4]
    # type: a function, or data; "import by name"
    kinds = [(b"data", 5), (b"f", 4), (b"g", 4)]
    assert library.imports() == [(name, own, machine, hint, kind) for hint, (name, kind) in enumerate(kinds)]
    assert {name for name, _ in library.members.values()} == {own}
    heads = [b"__IMPORT_DESCRIPTOR_" + stem, b"__NULL_IMPORT_DESCRIPTOR", b"\x7f" + stem + b"_NULL_THUNK_DATA"]
    symbols = [name for name, _ in library.first_index()]
    assert symbols == [*heads, b"__imp_data", b"__imp_f", b"f", b"__imp_g", b"g"]
    assert sorted(library.first_index()) == library.second_index()
    for symbol, offset in library.first_index():
        assert symbol.removeprefix(b"__imp_") in library.members[offset][1]
    for object_, symbol in zip(library.objects(), heads):
        assert struct.unpack_from("<H", object_) == (machine,)
        assert symbol + b"\0" in object_
    assert import_library(dll, Exports(machine, names)) == data


@pytest.mark.parametrize(("machine", "relocation"), [(X64, 3), (ARM64, 2)])
@pytest.mark.parametrize("dll", ["odd64_1.dll", "even_1.dll"])
def test_the_objects_that_head_the_tables(machine, relocation, dll):
    """As those of nvfatbin.lib, which Microsoft's linker made."""
    library = ImportLibrary(import_library(dll, Exports(machine, [(b"f", False)])))
    (descriptor, symbols), (last_row, of_row), (thunks, of_thunks) = map(read_object, library.objects())
    stem, data = dll.encode()[:-4], 0xC0000040
    own, null, end = b"__IMPORT_DESCRIPTOR_" + stem, b"__NULL_IMPORT_DESCRIPTOR", b"\x7f" + stem + b"_NULL_THUNK_DATA"
    name, no_relocations, flags = descriptor.pop(b".idata$6")
    assert (name.rstrip(b"\0").decode(), len(name) % 2, no_relocations, flags) == (dll, 0, {}, data | 0x200000)
    assert len(name) > len(dll)
    places = {12: (b".idata$6", relocation), 0: (b".idata$4", relocation), 16: (b".idata$5", relocation)}
    assert descriptor == {b".idata$2": (bytes(20), places, data | 0x300000)}
    assert symbols == {
        own: (0, 1, 2),
        b".idata$2": (data, 1, 0x68),
        b".idata$6": (0, 2, 3),
        b".idata$4": (data, 0, 0x68),
        b".idata$5": (data, 0, 0x68),
        null: (0, 0, 2),
        end: (0, 0, 2),
    }
    assert (last_row, of_row) == ({b".idata$3": (bytes(20), {}, data | 0x300000)}, {null: (0, 1, 2)})
    assert thunks == {each: (bytes(8), {}, data | 0x400000) for each in (b".idata$5", b".idata$4")}
    assert of_thunks == {end: (0, 1, 2)}


def test_a_table_that_is_too_large(read):
    """Its section would have room for it."""
    data = bytearray(write_dll(NAMES))
    struct.pack_into("<I", data, _OPTIONAL + 116, 16 * 1024 * 1024 + 1)
    struct.pack_into("<I", data, _SECTIONS + 80 + 16, 0x7FFFFFFF)
    with pytest.raises(ValueError, match="too large"):
        read(bytes(data))


def test_an_entry_point_is_nobody_elses():
    library = ImportLibrary(import_library("x.dll", Exports(X64, [(b"DllMain", False), (b"f", False)])))
    assert [(name, hint) for name, _, _, hint, _ in library.imports()] == [(b"f", 1)]


def test_as_many_names_as_fit():
    names = [(b"%d" % number, False) for number in range(0xFFFF - 3)]
    library = ImportLibrary(import_library("x.dll", Exports(X64, names)))
    assert len(library.members) == 0xFFFF
    assert sorted(library.first_index()) == library.second_index()


@pytest.mark.parametrize(
    ("dll", "name"),
    [
        ("cublas64_13.dll", "cublas"),
        ("cublasLt64_13.dll", "cublasLt"),
        ("cudart64_13.dll", "cudart"),
        ("cudnn64_9.dll", "cudnn"),
        ("cudnn_engines_precompiled64_9.dll", "cudnn_engines_precompiled"),
        ("nvrtc64_130_0.dll", "nvrtc"),
        ("nvrtc64_130_0.alt.dll", "nvrtc"),
        ("nvrtc-builtins64_135.dll", "nvrtc-builtins"),
        ("cupti64_2026.3.1.dll", "cupti"),
        ("cupti64_13.dll", "cupti"),
        ("nvvm64_40_0.dll", "nvvm"),
        ("nppc64_132_0.dll", "nppc"),
        ("nvJitLink_130_0.dll", "nvJitLink"),
        ("nvjpeg2k_0.dll", "nvjpeg2k"),
        ("cudss_mtlayer_vcomp14064_0.dll", "cudss_mtlayer_vcomp140"),
        ("nvperf_host.dll", "nvperf_host"),
        ("cutensor.dll", "cutensor"),
        ("x64.dll", "x64"),
    ],
)
def test_the_name_of_a_library(dll, name):
    assert library_name(dll) == name
