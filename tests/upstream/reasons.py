"""Why a test of a suite failed, in one sentence: out of what it printed."""

from __future__ import annotations

import re

GPU = "Its program needs a GPU."
#: what a test prints where there is no GPU or no driver -> a sentence
KNOWN = {
    r"compute_No CUDA devices": "It compiles for the GPU of the machine that builds it.",
    r"libcuda\.so\.1: cannot open|cannot find libcuda\.so\.1": GPU,
    r"nDevices: 0\b|number of CUDA enabled devices|No CUDA devices|no CUDA-capable device": GPU,
    r"driver version is insufficient|CUDA_ERROR_NO_DEVICE|Error at \S*curand\.c\w+:\d+": GPU,
    r"don't match the reference": "nvcc compiles for an architecture that this CMake does not know yet.",
}
_ERROR = re.compile(
    r".*(?:\berror\b|\bfatal\b|cannot find|not found|NOTFOUND|failed|undefined reference).*", re.IGNORECASE
)
#: lines that only say that there was an error
_EMPTY = re.compile(
    r"Test command failed|^FAILED:|ninja: build stopped|errors occurred|Error: cmake|returned \d+ exit|^\s*ERROR: *$"
)
#: the folders before a file's name: they are of one machine
_FOLDERS = re.compile(r"(?<![\w:/.<])/(?:[^\s:'\"/,;]+/)+")


def reason(said, message=""):
    """
    Say why a test failed.

    :param said: what it printed
    :param message: what its runner says about it
    :returns: a sentence for those that are known, else the line that tells most
    """
    for pattern, sentence in KNOWN.items():
        if re.search(pattern, said):
            return sentence
    # CMake's message begins on the line after the error's and is broken into lines
    if found := re.search(r"Could NOT find \w+ \(missing:[^)]*\)", said):
        return " ".join(found.group().split())
    lines = [line.strip() for line in said.splitlines() if _ERROR.fullmatch(line) and not _EMPTY.search(line)]
    line = lines[0] if lines else message or "It says nothing."
    return _FOLDERS.sub("", line)[:300]
