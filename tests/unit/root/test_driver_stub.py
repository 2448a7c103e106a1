"""The link-time stub: which names are read from a header, and the library that is written for them."""

from __future__ import annotations

import ctypes
import platform
import shutil
import struct
import subprocess
import sys
import time

import pytest

from cuda_shims.root.driver_stub import (
    CUDA_ERROR_STUB_LIBRARY,
    CUDA_SONAME,
    NVML_ERROR_LIBRARY_NOT_FOUND,
    NVML_SONAME,
    driver_functions,
    nvml_functions,
    stub_library,
)

MACHINES = ("x86_64", "aarch64")
NAMES = ["cuInit", "cuMemAlloc_v2", "cuMemcpy", "cuMemcpy_ptds"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("CUresult CUDAAPI cuInit(unsigned int Flags);", ["cuInit"], id="plain"),
        pytest.param("CUresult CUDAAPI\ncuLinkCreate(unsigned n);", ["cuLinkCreate"], id="name on the next line"),
        pytest.param("CUresult CUDAAPI\r\n  cuLinkCreate (unsigned n);", ["cuLinkCreate"], id="CRLF and spaces"),
        pytest.param("__CUDA_DEPRECATED CUresult CUDAAPI cuLaunch(CUfunction f);", ["cuLaunch"], id="deprecated"),
        pytest.param(
            "#define cuMemAlloc cuMemAlloc_v2\nCUresult CUDAAPI cuMemAlloc(int);",
            ["cuMemAlloc", "cuMemAlloc_v2"],
            id="versioned by a macro",
        ),
        pytest.param(
            "#  define cuA \\\n   cuA_v2\nCUresult CUDAAPI cuA(int);", ["cuA", "cuA_v2"], id="macro on two lines"
        ),
        pytest.param(
            "#define cuA cuA_v2\n#define cuA_v2 cuA_v3\n#define cuA_v3 cuA_v4\nCUresult CUDAAPI cuA(int);",
            ["cuA", "cuA_v2", "cuA_v3", "cuA_v4"],
            id="macros in a row",
        ),
        pytest.param(
            "#define cuA cuA_v2\n#define cuA_v2 cuA\nCUresult CUDAAPI cuA(int);",
            ["cuA", "cuA_v2"],
            id="macros in a ring",
        ),
        pytest.param(
            "    #define cuMemcpy        __CUDA_API_PTDS(cuMemcpy)\nCUresult CUDAAPI cuMemcpy(int);",
            ["cuMemcpy", "cuMemcpy_ptds"],
            id="per-thread default stream",
        ),
        pytest.param(
            "#define cuMemcpy2DAsync __CUDA_API_PTSZ( cuMemcpy2DAsync_v2 )\nCUresult CUDAAPI cuMemcpy2DAsync(int);",
            ["cuMemcpy2DAsync", "cuMemcpy2DAsync_v2", "cuMemcpy2DAsync_v2_ptsz"],
            id="per-thread and versioned",
        ),
        pytest.param(
            "#define cuMemcpyHtoD __CUDA_API_PTDS(cuMemcpyHtoD_v2)",
            ["cuMemcpyHtoD", "cuMemcpyHtoD_v2", "cuMemcpyHtoD_v2_ptds"],
            id="the macro alone",
        ),
        pytest.param("CUresult CUDAAPI __CUDA_API_PTSZ(cuB)(int);", ["cuB", "cuB_ptsz"], id="suffixed in place"),
        pytest.param(
            "#if defined(__CUDA_API_VERSION_INTERNAL)\n#undef cuCtxCreate\n"
            "    CUresult CUDAAPI cuCtxCreate(int);\n    CUresult CUDAAPI cuCtxCreate_v2(int);\n#endif\n",
            ["cuCtxCreate", "cuCtxCreate_v2"],
            id="older names",
        ),
        pytest.param(
            "static inline CUresult cuGet_v2_ptsz(int a) { return cuGet_v2(a); }\n#define cuGet_v2 cuGet_v2_ptsz\n"
            "CUresult CUDAAPI cuGet_v2(int);",
            ["cuGet_v2", "cuGet_v2_ptsz"],
            id="inline wrapper",
        ),
        pytest.param("#define cuSomeType_t cuOther_t\n", [], id="alias of no function"),
        pytest.param("#define __CUDA_API_PTDS(api) api ## _ptds\n#define CUDAAPI\n", [], id="the macros themselves"),
        pytest.param("typedef CUresult (CUDAAPI *PFN_cuInit)(int);", [], id="function pointer"),
        pytest.param("CUresult CUDAAPI cuInit;", [], id="no parameters"),
        pytest.param("CUresult CUDAAPI cuÉ(int); \ud800\0", [], id="not ASCII"),
        pytest.param("", [], id="empty"),
    ],
)
def test_driver_functions_reads_every_form(header, expected):
    assert driver_functions(header.encode("utf-8", "surrogatepass")) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("nvmlReturn_t DECLDIR nvmlShutdown(void);", ["nvmlShutdown"], id="plain"),
        pytest.param("nvmlReturn_t  DECLDIR\n nvmlA (int);", ["nvmlA"], id="spaces"),
        pytest.param("const DECLDIR char* nvmlErrorString(int);", ["nvmlErrorString"], id="returns a string"),
        pytest.param(
            "const DECLDIR char *nvmlErrorString(int);", ["nvmlErrorString"], id="returns a string, other star"
        ),
        pytest.param(
            "    #define nvmlInit    nvmlInit_v2\nnvmlReturn_t DECLDIR nvmlInit_v2(void);",
            ["nvmlInit", "nvmlInit_v2"],
            id="versioned by a macro",
        ),
        pytest.param("#define nvmlExcluded_t nvmlBlacklist_t\n", [], id="alias of a type"),
        pytest.param("#define nvmlFlagDefault 0x00\n#define DECLDIR\n#endif", [], id="constants"),
        pytest.param("\ud800", [], id="not ASCII"),
    ],
)
def test_nvml_functions_reads_every_form(header, expected):
    assert nvml_functions(header.encode("utf-8", "surrogatepass")) == expected


MANY = 10_000_000


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("CUDAAPI" + " " * MANY, id="spaces"),
        pytest.param("CUDAAPI cuA" + "a" * MANY, id="one name"),
        pytest.param("CUDAAPI cuA" + " " * MANY, id="no parenthesis"),
        pytest.param("CUDAAPI cuA" * (MANY // 11), id="names without end"),
        pytest.param("__CUDA_API_PTDS(" + " " * MANY, id="suffix of nothing"),
        pytest.param("#define cuA cuA" * (MANY // 15), id="macros on one line"),
        pytest.param("# " * (MANY // 2), id="hashes"),
        pytest.param("DECLDIR char" + " *" * (MANY // 2), id="stars"),
        pytest.param("#define " + " " * MANY, id="macro of nothing"),
    ],
)
def test_time_is_linear_on_a_line_of_ten_megabytes(header):
    # a tenth of a second when quiet; anything but linear would take hours
    start = time.process_time()
    driver_functions(header.encode())
    nvml_functions(header.encode())
    assert time.process_time() - start < 20


def parse(image):
    """Read an ELF file with nothing of the writer's."""
    assert image[:16] == b"\x7fELF\x02\x01\x01" + bytes(9)
    (kind, machine, version, entry, phoff, shoff, flags, ehsize, phentsize, phnum, shentsize, shnum, shstrndx) = (
        struct.unpack_from("<HHIQQQIHHHHHH", image, 16)
    )
    assert (kind, version, entry, flags, ehsize, phentsize, shentsize) == (3, 1, 0, 0, 64, 56, 64)
    assert shoff + shnum * 64 == len(image)
    keys = ("type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align")
    segments = [dict(zip(keys, struct.unpack_from("<IIQQQQQQ", image, phoff + 56 * i))) for i in range(phnum)]
    keys = ("name", "type", "flags", "addr", "offset", "size", "link", "info", "align", "entsize")
    sections = [dict(zip(keys, struct.unpack_from("<IIQQQQIIQQ", image, shoff + 64 * i))) for i in range(shnum)]
    for section in sections:
        section["data"] = image[section["offset"] : section["offset"] + section["size"]]
    names = sections[shstrndx]["data"]
    by_name = {names[section["name"] :].split(b"\0")[0].decode(): section for section in sections}
    return machine, segments, by_name, sections


def symbols_of(sections, by_name):
    table = by_name[".dynsym"]
    strings = sections[table["link"]]["data"]
    found = list(struct.iter_unpack("<IBBHQQ", table["data"]))
    return [(strings[at:].split(b"\0")[0].decode(), *rest) for at, *rest in found]


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 62), ("aarch64", 183)])
@pytest.mark.parametrize("count", [0, 1, 4, 5000])
def test_structure(machine, number, count):
    functions = [f"cuFunction{i:05}" for i in range(count)]
    image = stub_library(CUDA_SONAME, functions, machine, 34)
    found_machine, segments, by_name, sections = parse(image)
    assert found_machine == number

    loads = [segment for segment in segments if segment["type"] == 1]
    assert [segment["flags"] for segment in loads] == [4, 5, 6]  # R, RX, RW
    for segment in loads:
        assert segment["align"] == 0x10000
        assert segment["vaddr"] % 0x10000 == segment["offset"] % 0x10000
        assert segment["filesz"] == segment["memsz"]
    for before, after in zip(loads, loads[1:]):  # no page of 64 KiB has the rights of two
        assert (before["vaddr"] + before["memsz"] - 1) // 0x10000 < after["vaddr"] // 0x10000
    (stack,) = [segment for segment in segments if segment["type"] == 0x6474E551]
    assert stack["flags"] == 6  # not executable
    (dynamic,) = [segment for segment in segments if segment["type"] == 2]
    assert (dynamic["offset"], dynamic["vaddr"]) == (by_name[".dynamic"]["offset"], by_name[".dynamic"]["addr"])
    for section in sections[1:]:
        assert section["offset"] % section["align"] == 0
        if section["flags"] & 2:
            (load,) = [s for s in loads if s["vaddr"] <= section["addr"] < s["vaddr"] + s["memsz"]]
            assert section["addr"] - load["vaddr"] == section["offset"] - load["offset"]
            assert section["addr"] + section["size"] <= load["vaddr"] + load["memsz"]
            assert bool(section["flags"] & 1) == bool(load["flags"] & 2)
            assert bool(section["flags"] & 4) == bool(load["flags"] & 1)

    tags = dict(struct.iter_unpack("<QQ", by_name[".dynamic"]["data"]))
    strings = by_name[".dynstr"]["data"]
    assert strings[tags[14] :].split(b"\0")[0] == CUDA_SONAME.encode()
    assert tags[4] == by_name[".hash"]["addr"]
    assert (tags[5], tags[10]) == (by_name[".dynstr"]["addr"], len(strings))
    assert (tags[6], tags[11]) == (by_name[".dynsym"]["addr"], 24)
    assert set(tags) == {0, 4, 5, 6, 10, 11, 14}

    first, *symbols = symbols_of(sections, by_name)
    assert first == ("", 0, 0, 0, 0, 0)
    assert [symbol[0] for symbol in symbols] == functions
    text = by_name[".text"]
    for _, info, other, index, value, size in symbols:
        assert (info, other) == (0x12, 0)  # STB_GLOBAL, STT_FUNC
        assert sections[index] is text
        assert (value, size) == (text["addr"], 8)

    words = struct.unpack(f"<{len(by_name['.hash']['data']) // 4}I", by_name[".hash"]["data"])
    buckets, chains = words[:2]
    assert (buckets, chains, len(words)) == (1, count + 1, count + 4)
    reached = []
    at = words[2]
    while at:
        reached.append(at)
        at = words[3 + at]
    assert reached == list(range(1, count + 1))


def test_code_of_x86_64():
    _, _, by_name, _ = parse(stub_library(CUDA_SONAME, NAMES, "x86_64", 0x1234))
    assert by_name[".text"]["data"] == b"\xb8\x34\x12\0\0\xc3\xcc\xcc"


def test_code_of_aarch64():
    _, _, by_name, _ = parse(stub_library(CUDA_SONAME, NAMES, "aarch64", 0xFFFF))
    assert struct.unpack("<II", by_name[".text"]["data"]) == (0x529FFFE0, 0xD65F03C0)


@pytest.mark.parametrize("machine", MACHINES)
def test_same_bytes_whatever_the_order(machine):
    first = stub_library(CUDA_SONAME, NAMES, machine, 34)
    assert stub_library(CUDA_SONAME, [*reversed(NAMES), *NAMES], machine, 34) == first
    assert stub_library(NVML_SONAME, NAMES, machine, 34) != first


@pytest.mark.parametrize("machine", ["riscv64", ""])
def test_a_machine_that_cuda_knows_nothing_of(machine):
    with pytest.raises(ValueError, match=f"machine '{machine}'.*x86_64 or aarch64"):
        stub_library(CUDA_SONAME, NAMES, machine, 34)


def test_names_and_codes_of_nvidia():
    assert (CUDA_SONAME, NVML_SONAME) == ("libcuda.so.1", "libnvidia-ml.so.1")
    assert (CUDA_ERROR_STUB_LIBRARY, NVML_ERROR_LIBRARY_NOT_FOUND) == (34, 12)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("functions", [[], NAMES, ["nvmlErrorString", "nvmlInit_v2"]], ids=["none", "cuda", "nvml"])
def test_readelf_has_no_complaint(tmp_path, machine, functions):
    readelf = shutil.which("readelf")
    if readelf is None:
        pytest.skip("readelf is not installed (Debian package binutils)")
    library = tmp_path / "libstub.so"
    library.write_bytes(stub_library(CUDA_SONAME, functions, machine, 34))
    done = subprocess.run([readelf, "-a", "-W", str(library)], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert not done.stderr
    assert "warning" not in done.stdout.lower()
    assert "Library soname: [libcuda.so.1]" in done.stdout
    for name in functions:
        assert f" {name}\n" in done.stdout


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("functions", [[], NAMES, ["nvmlErrorString", "nvmlInit_v2"]], ids=["none", "cuda", "nvml"])
def test_elflint_has_no_complaint(tmp_path, machine, functions):
    elflint = shutil.which("eu-elflint")
    if elflint is None:
        pytest.skip("eu-elflint is not installed (Debian package elfutils)")
    library = tmp_path / "libstub.so"
    library.write_bytes(stub_library(CUDA_SONAME, functions, machine, 34))
    done = subprocess.run([elflint, "--gnu-ld", str(library)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "No errors")


def test_loaded_functions_return_the_error_code(tmp_path):
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        pytest.skip(f"no stub library for {sys.platform} on {platform.machine()}")
    path = tmp_path / "libcuda.so"
    names = [f"cuFunction{i}" for i in range(700)]
    path.write_bytes(stub_library(CUDA_SONAME, names, platform.machine(), CUDA_ERROR_STUB_LIBRARY))
    library = ctypes.CDLL(str(path))
    for name in names:
        assert library[name]() == 34
    with pytest.raises(AttributeError):
        library["cuNotThere"]


def test_loaded_nvml_says_what_happened(tmp_path):
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        pytest.skip(f"no stub library for {sys.platform} on {platform.machine()}")
    path = tmp_path / "libnvidia-ml.so"
    names = ["nvmlInit_v2", "nvmlErrorString", "nvmlShutdown"]
    path.write_bytes(stub_library(NVML_SONAME, names, platform.machine(), NVML_ERROR_LIBRARY_NOT_FOUND))
    library = ctypes.CDLL(str(path))
    assert library.nvmlInit_v2() == library.nvmlShutdown() == 12
    library.nvmlErrorString.restype = ctypes.c_char_p
    assert library.nvmlErrorString(12) == b"a link-time stub made by cuda-shims is loaded in place of NVIDIA's library"
