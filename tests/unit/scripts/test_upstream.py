"""The page of Meson's and CMake's own tests, the reasons on it, and what runs their programs on a GPU."""

from __future__ import annotations

import json
import sys

import programs
import pytest
import reasons
from script_support import load_script

VERSIONS = {
    "versions": {
        "CMake": "4.3.4",
        "Meson": "1.12.1",
        "toolkit": "cuda-toolkit 13.5.0",
        "architecture": "90",
        "machine": "Debian",
    }
}


@pytest.fixture(scope="module")
def upstream():
    return load_script("pages/upstream")


def row(test, way="cuda-shims", outcome="passed", reason="", suite="CMake", **more):
    return {"suite": suite, "test": test, "way": way, "outcome": outcome, "reason": reason, **more}


def test_page(upstream):
    rows = [
        row("Cuda.Complex"),
        row("Cuda.Complex", "bare wheels", "failed", "cannot find -lcudart"),
        row("Cuda.Complex", "classic copy"),
        row("Cuda.WithC", outcome="failed", reason=reasons.GPU),
        row("Cuda.WithC", "GPU", rc=0, said="1 device\n"),
        row("CudaOnly.CUBIN", "GPU", "failed", said="so\nFailed at /there/main.cu:3\n", rc=1, reason=None),
        row("001 simple", "bare wheels", "skipped", "no compiler", suite="Meson"),
    ]
    lines = [json.dumps(each) for each in (VERSIONS, *rows, {"machine": {"gpu": "NVIDIA H200", "driver": "580.1"}})]
    page = upstream.render(*upstream.read_results(lines), "2026-01-02")
    assert "2026-01-02" in page
    assert "NVIDIA H200 (driver 580.1)" in page
    assert "| CMake | 1 of 2 | 0 of 1 | 1 of 1 | 1 of 2 |" in page
    assert "| test | cuda-shims | bare wheels | classic copy | GPU |" in page
    assert "| Cuda.Complex | ✓ | ✗ [2] | ✓ |  |" in page
    assert "| Cuda.WithC | ✗ [3] |  |  | ✓ |" in page
    assert "| 001 simple |  | ? [1] |  |  |" in page
    assert "1. no compiler\n2. cannot find -lcudart\n3. Its program needs a GPU.\n4. main.cu:3\n" in page


def test_page_without_a_gpu(upstream):
    page = upstream.render(
        *upstream.read_results([json.dumps(VERSIONS), json.dumps(row("Cuda.Complex"))]), "2026-01-02"
    )
    assert "| test | cuda-shims | bare wheels | classic copy |\n" in page


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "/b/x: error while loading shared libraries: libcurand.so.10: cannot open …",
            "That machine has no `libcurand.so.10`",
        ),
        ("Failed to load the embedded ptx with error: 222\n", "That machine's driver is older"),
        ("", "It says nothing."),
    ],
)
def test_why_a_program_failed_on_the_gpu(upstream, said, reason):
    assert upstream.last_line(said).startswith(reason)


def test_a_second_run_of_a_test_counts(upstream):
    lines = [json.dumps(row("Cuda.Complex", outcome="failed")), json.dumps(row("Cuda.Complex"))]
    assert [each["outcome"] for each in upstream.read_results(lines)[1]] == ["passed"]


@pytest.mark.parametrize(
    ("ours", "classic", "said"), [("failed", "passed", 1), ("failed", "failed", 0), ("skipped", "passed", 1)]
)
def test_what_only_a_classic_copy_passes_is_named(upstream, ours, classic, said):
    ways = {"cuda-shims": ours, "bare wheels": "failed", "classic copy": classic}
    rows = [row("Cuda.Complex", way, outcome) for way, outcome in ways.items()]
    assert len(upstream.Page(rows).regrets()) == said


def test_what_was_not_run_is_named(upstream):
    rows = [row("Cuda.Complex"), row("Cuda.Complex", "bare wheels")]
    assert upstream.Page(rows).regrets() == ["CMake, Cuda.Complex: not run with classic copy"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("[2/2] Linking x\n/b/x: error while loading shared libraries: libcuda.so.1: cannot open …", reasons.GPU),
        ("CUDA driver version is insufficient for CUDA runtime version", reasons.GPU),
        (
            "/usr/bin/ld: cannot find -lcudart: No such file or directory",
            "ld: cannot find -lcudart: No such file or directory",
        ),
        (
            "FAILED: [code=1] x.o\n/v/bin/nvcc -c /v/x.cu\n/v/x.cu(3): error: no\nninja: build stopped",
            "x.cu(3): error: no",
        ),
        (
            "CMake Error at /v/F.cmake:2 (message):\n  Could NOT find CUDAToolkit (missing:\n  CUDA_CUDART) (found 13)",
            "Could NOT find CUDAToolkit (missing: CUDA_CUDART)",
        ),
        ("", "It says nothing."),
    ],
)
def test_a_reason(said, reason):
    assert reasons.reason(said) == reason


def test_the_programs_of_a_pack(tmp_path, monkeypatch):
    here, built = tmp_path / "pack", tmp_path / "built" / "here"
    (here / "cmake" / "a").mkdir(parents=True)
    script = "#!/bin/sh\necho $0 in $PWD, $LD_LIBRARY_PATH\nexit {}\n"
    for name, code in (("good", 0), ("bad", 3), ("none", 77)):
        (here / "cmake" / "a" / name).write_text(script.format(code))
        (here / "cmake" / "a" / name).chmod(0o755)
    paths = [
        [str(built / "a" / name) for name in names] for names in (["good"], ["good", "bad", "good"], ["none"], ["gone"])
    ]
    packed = [
        {"suite": "CMake", "test": str(number), "commands": [[path] for path in each], "folder": str(built / "a")}
        for number, each in enumerate(paths)
    ]
    (here / "cmake.json").write_text(json.dumps({"built in": str(built), "programs": packed}))
    monkeypatch.setattr(programs, "HERE", str(here))
    (tmp_path / "site/nvidia/cu13/lib").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    assert programs.main(str(tmp_path / "out")) == 1
    machine, *rows = map(json.loads, (tmp_path / "out" / "gpu.jsonl").read_text().splitlines())
    assert "gpu" in machine["machine"]
    assert [(each["outcome"], each["rc"]) for each in rows] == [
        ("passed", 0),
        ("failed", 3),
        ("skipped", 77),
        ("failed", -1),
    ]
    assert rows[0]["said"] == f"{built}/a/good in {here}/cmake/a, {here}/lib:{tmp_path}/site/nvidia/cu13/lib\n"
    assert not built.exists(), "the folder of another machine stays"
