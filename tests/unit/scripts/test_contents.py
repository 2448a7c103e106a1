"""The script that writes the table of what is in which wheel: its rules, and a run over wheels that the test serves."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from script_support import load_script

from cuda_shims.catalog import table

EVERY = ["12.9", "13.0", "13.1", "13.2"]


@pytest.fixture(scope="module")
def script():
    pytest.importorskip("pip._internal", reason="the script uses pip, which is not here")
    return load_script("table/contents")


def at(*releases, systems=("linux-x86_64", "linux-aarch64", "windows-amd64")):
    return frozenset((release, system) for release in releases for system in systems)


ALL = at(*EVERY) | at("13.1", "13.2", systems=["windows-arm64"])


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (ALL, [""]),
        (at("12.9"), ["12.9"]),
        ({each for each in ALL if each[0] > "13"}, ["13.0-"]),
        ({each for each in ALL if each[0] in {"12.9", "13.1", "13.2"}}, ["12.9,13.1-"]),
        (at("13.0", "12.9"), ["12.9-13.0"]),
        ({each for each in ALL if each[1].startswith("linux")}, ["linux"]),
        ({each for each in ALL if each[1].startswith("windows")}, ["windows"]),
        (at("12.9", systems=["linux-x86_64", "linux-aarch64"]), ["linux 12.9"]),
        (at(*EVERY, systems=["linux-x86_64"]), ["linux-x86_64"]),
        (at("13.1", "13.2", systems=["windows-arm64"]), ["windows-arm64 13.1-"]),
        (
            at("13.0", systems=["linux-aarch64"]) | at(*EVERY, systems=["windows-amd64"]),
            ["linux-aarch64 13.0", "windows-amd64"],
        ),
    ],
)
def test_conditions(script, places, expected):
    assert script.conditions(frozenset(places), ALL, EVERY) == expected
    # and what reads the table understands them
    text = f"releases: {' '.join(EVERY)}\n[a b]\n" + "".join(f"header {each}: x.h\n" for each in expected)
    read = table.parse(text.replace("header :", "header:")).files["header"]["x.h"]
    assert {
        each for each in ALL if any(each[0] == one.release and each[1].startswith(one.system) for one in read)
    } == set(places)


def test_folders(script):
    old, new = at("12.9"), at("13.0")
    both = old | new
    headers = {f"large/{number}.h": both for number in range(50)}
    headers |= {"large/new.h": new, "large/deep/new.h": new, "large/deep/old.h": old, "large/deep/new": new}
    headers |= {"large/gone/a.h": old, "large/gone/b.h": old, "large/detail/new.h": new, "large/__x.h": new}
    headers |= {f"cuda/{number}": both for number in range(50)}
    headers |= {
        "cuda/__one/a.h": both,
        "cuda/__two/b.h": new,
        "cuda/__three": old,
        "small/details/a.h": new,
        "small/b.h": old,
    }
    found = script.collapsed(headers)
    assert found == {
        "large/": both,
        "large/new.h": new,
        "large/deep/new": new,
        "large/gone/": old,
        **{f"cuda/{number}": both for number in range(50)},
        "cuda/__*/": both,
        "small/details/": new,
        "small/b.h": old,
    }


def test_what_of_a_wheel_counts(script):
    names = {
        "nvidia/cu13/include/cuda.h": ("header", "cuda.h"),
        "nvidia/cu13/include/cccl/cuda/std/array": ("header", "cuda/std/array"),
        "nvidia/cuda_nvcc/nvvm/include/nvvm.h": ("header", "nvvm.h"),
        "nvidia/cu13/compute-sanitizer/include/sanitizer.h": ("header", "sanitizer.h"),
        "nvidia/cu13/lib/libcublas.so.13": ("library", "libcublas.so.13"),
        "nvidia/cu13/lib/x64/cuda.lib": ("library", "cuda.lib"),
        "nvidia/cu13/bin/x86_64/cudart64_13.dll": ("library", "cudart64_13.dll"),
        "nvidia/cu13/bin/nvcc": ("tool", "nvcc"),
        "nvidia/cu13/bin/cudafe++.exe": ("tool", "cudafe++"),
        "nvidia/cu13/nvvm/bin/cicc": ("tool", "cicc"),
    }
    others = [
        *("nvidia/cu13/", "nvidia/cu13/bin/nvcc.profile", "nvidia/cu13/bin/crt/link.stub", "nvidia/__init__.py"),
        *("nvidia/cuda_cccl/include/__init__.py", "nvidia/cu13/lib/Win32/OpenCL.lib", "x-1.dist-info/RECORD"),
        "nvidia/cu13/compute-sanitizer/x86/libTreeLauncherPlaceholder.so",
    ]
    assert list(script.held([*names, *others])) == list(names.values())


MODULE = """\
function(_CUDAToolkit_find_and_add_import_lib lib_name)
_CUDAToolkit_find_and_add_import_lib(cuda_driver ALT cuda DEPS cudart_static_deps)
foreach (cuda_lib cufft nvjpeg)
  _CUDAToolkit_find_and_add_import_lib(${cuda_lib})
  _CUDAToolkit_find_and_add_import_lib(${cuda_lib}_static DEPS culibos)
endforeach()
_CUDAToolkit_find_and_add_import_lib(nvml ALT nvidia-ml nvml)
_CUDAToolkit_find_and_add_import_lib(
  sanitizer
  ONLY_SEARCH_FOR sanitizer-public
  EXTRA_PATH_SUFFIXES "../compute-sanitizer"
)
"""
METADATA = """\
Metadata-Version: 2.1
Provides-Extra: all
Requires-Dist: nvidia-one{suffix}=={one}.*; sys_platform == 'linux' and extra == 'all'
Requires-Dist: nvidia-one{suffix}=={one}.*; sys_platform == 'linux' and extra == 'one'
Requires-Dist: nvidia-two{suffix}<14,>={two}; extra == 'all'
Requires-Dist: nvidia-two{suffix}<14,>={two}; extra == 'second'
"""


def archive(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return data.getvalue()


def wheels():
    """Return what the index holds: two distributions of CUDA 12.9 and 13.0, and others that do not count."""
    many = {f"nvidia/cu13/include/many/{number}.h": "x" * 500 for number in range(2000)}  # a long list at the end
    found = {
        f"cuda_toolkit-{version}-py2.py3-none-any.whl": {
            f"cuda_toolkit-{version}.dist-info/METADATA": METADATA.format(suffix=suffix, one=number, two=number)
        }
        for version, suffix, number in (
            ("12.9.1", "-cu12", "12.9.5"),
            ("13.0.0", "", "13.0.1"),
            ("13.0.2", "", "13.0.2"),
        )
    }
    found["cuda_toolkit-12.8.0-py2.py3-none-any.whl"] = found["cuda_toolkit-13.1.0rc1-py2.py3-none-any.whl"] = {"x": ""}
    for system in ("manylinux_2_17_x86_64", "manylinux_2_17_aarch64"):
        found[f"nvidia_one_cu12-12.9.5-py3-none-{system}.whl"] = {"nvidia/one/include/one.h": ""}
        found[f"nvidia_one-13.0.2-py3-none-{system}.whl"] = {"nvidia/cu13/include/one.h": "", **many}
    for system in ("manylinux_2_17_x86_64", "manylinux_2_17_aarch64", "win_amd64", "win_arm64"):
        library = "lib/libtwo.so.2" if "linux" in system else "lib/x64/two.lib"
        found[f"nvidia_two_cu12-12.9.5-py3-none-{system}.whl"] = {f"nvidia/two/{library}": "", "nvidia/two/bin/two": ""}
        for version in ("13.0.2", "13.5.9"):  # as the release pins it, not the newest
            files = {f"nvidia/cu13/{library}": "", f"nvidia/cu13/include/{version}.h": ""}
            found[f"nvidia_two-{version}-py3-none-{system}.whl"] = files
    found["cmake-4.4.5-py3-none-manylinux_2_17_x86_64.whl"] = {"a/FindCUDAToolkit.cmake": MODULE, "z": "z" * 200_000}
    return {name: archive(files) for name, files in found.items()}


@pytest.fixture(scope="module")
def served():
    """Serve the wheels as an index does; ``ranges`` says whether requests for a part get one."""
    content = wheels()

    class Handler(BaseHTTPRequestHandler):
        ranges = True
        json = True
        sent = 0

        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            name = self.path.strip("/").rpartition("/")[2]
            data, status, more = content.get(name), 200, {}
            if data is None:
                files = [
                    {"filename": each, "url": f"{base}/{each}", "yanked": False}
                    for each in content
                    if re.sub(r"[-_]+", "-", each.partition("-")[0]) == name
                ]
                files += [{"filename": f"{name.replace('-', '_')}-99.0-py3-none-any.whl", "url": "", "yanked": "why"}]
                files += [{"filename": f"{name}-1.0.tar.gz", "url": ""}]
                data = json.dumps({"files": files}).encode()
                more["Content-Type"] = "application/vnd.pypi.simple.v1+json" if Handler.json else "text/html"
            elif Handler.ranges:
                more["Accept-Ranges"] = "bytes"
                if wanted := re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", "")):
                    first, last = wanted.groups()
                    start = int(first) if first else max(0, len(data) - int(last))
                    end = int(last) + 1 if first and last else len(data)
                    status, data = 206, data[start:end]
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for key, value in more.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                Handler.sent += len(data)
                self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield base, Handler, sum(map(len, content.values()))
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def index(script, served, monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{served[0]}/simple/")
    monkeypatch.setattr(served[1], "ranges", True)
    monkeypatch.setattr(served[1], "json", True)
    monkeypatch.setattr(served[1], "sent", 0)
    made = script.Index()
    yield made
    made.session.close()


TABLE = """\
releases: 12.9 13.0
targets of CMake 4.4.5: bin2c=bin2c cuda_driver=cuda_driver,cuda cufft cufft_static nvjpeg nvjpeg_static
 nvml=nvml,nvidia-ml nvtx3=nvtx3/nvToolsExt.h sanitizer=sanitizer-public
[nvidia-one one linux]
header: one.h
header 13.0: many/
[nvidia-two second]
header 13.0: 13.0.2.h
library linux: libtwo.so.2
library windows: two.lib
tool 12.9: two
"""


def signed(script):
    return script.signed(script.HEAD, TABLE.splitlines())


# pip's LazyZipOverHTTP leaves its file open where there are no ranges, and Python 3.14 says so
@pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")
@pytest.mark.parametrize("ranges", [True, False])
def test_a_run(script, served, index, monkeypatch, ranges):
    monkeypatch.setattr(served[1], "ranges", ranges)
    assert script.table(index) == signed(script)
    # the ends of the wheels are enough
    assert (served[1].sent < served[2] / 2) is ranges
    assert table.parse(signed(script)).files["header"]["one.h"][0].distribution == "nvidia-one-cu12"


def test_write_and_check(script, index, tmp_path, monkeypatch, capsys):
    path = tmp_path / "table.txt"
    monkeypatch.setattr(script, "TABLE", str(path))
    monkeypatch.setattr(script, "Index", lambda: index)
    monkeypatch.setattr(sys, "argv", ["contents.py"])
    assert script.main() == 0
    assert path.read_text() == signed(script)
    monkeypatch.setattr(sys, "argv", ["contents.py", "--check"])
    assert script.main() == 0
    assert "the table is that of the wheels" in capsys.readouterr().out
    path.write_text(signed(script).replace("one.h", "old.h"))
    assert script.main() == 1
    assert {"-header: old.h", "+header: one.h"} <= set(capsys.readouterr().out.splitlines())


def test_an_index_without_json(script, served, index, monkeypatch):
    monkeypatch.setattr(served[1], "json", False)
    with pytest.raises(SystemExit, match="has no JSON"):
        script.table(index)


def test_a_wheel_that_is_not_there(script, index):
    from pip._vendor.packaging.requirements import Requirement

    with pytest.raises(SystemExit, match=r"no wheel of nvidia-one==99 for windows-amd64"):
        index.wheel(Requirement("nvidia-one==99"), "windows-amd64")
    assert script.extras([Requirement("a; extra == 'all'"), Requirement("a; extra == 'a'")]) == {"a": "a"}
