"""What a log shows of a build besides its messages: whether it was isolated, its system, and releases."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: environments of isolated builds: pip's, PDM's, that of build, uv's
ISOLATED = re.compile(r"[/\\](?:(?:pip-|pdm-)?build-env-|builds-v\d{1,2}[/\\]\.tmp)")
#: what a front end says when it makes such an environment
_MADE = re.compile(
    r"Installing build dependencies(?: \.\.\.|: )|Getting requirements to build (?:wheel|editable)"
    r"|doesn.t\s+declare\s+it\s+as\s+a\s+build\s+dependency"
    r"|Creating (?:isolated environment|virtualenv isolated environment|venv isolated environment)"
)
#: how the toolkit that ran says its release, or its folder does
_RELEASE = re.compile(
    r"Cuda compilation tools, release (\d{1,2}\.\d)"
    r"|CUDA compiler identification is NVIDIA (\d{1,2}\.\d)"
    r"|Found CUDA(?:Toolkit)?: [^\n]{0,300}version \"(\d{1,2}\.\d)"
    r"|Could NOT find CUDA(?:Toolkit)? \(missing: [\w\s]{1,300}\)\s+\(found\s+(?:suitable\s+)?version\s+\"(\d{1,2}\.\d)"
    r"|Caffe2: CUDA detected: (\d{1,2}\.\d)"
    r"|(?<=[/\\])[Cc][Uu][Dd][Aa][-/\\]v?(\d{1,2}\.\d)(?=[./\\'\"\s:;]|$)"
)
_TORCH = re.compile(r"torch[^\n]{0,80}?\+cu(\d{2})(\d)\b")
_CMAKE = re.compile(r"[/\\]cmake-(\d)\.(\d{1,2})[/\\]|\bcmake version (\d)\.(\d{1,2})")
#: the folder of a toolkit, by what CMake says it found, by its nvcc, or by its headers
_HOME = re.compile(
    r"Found CUDA(?:Toolkit)?: (/[^\s\"';]{1,200}?)(?:/include)?[\s;(]"
    r"|(?<![^\s\"'=`(])(/[^\s\"'`:=()]{1,200})/bin/nvcc(?![\w.-])"
    r"|-(?:I|isystem )(/[^\s\"']{0,100}cuda[^\s\"'/]{0,20})/include(?![\w/])"
)
_WHEELS = re.compile(r"site-packages|dist-packages|cuda_shims_toolkit|nvidia/cu\d\d|build-env-|builds-v\d")
#: what is in the log of a build on Windows, and on macOS
WINDOWS = r"\bMSVC\b|win_amd64|win-amd64|[\\/]cl\.exe|nvcc\.exe|error (?:C|LNK|MSB)\d{4}"
MACOS = r"\.macosx-\d|on macOS \(|\(e\.g\., `macosx_|platform macosx|\bApple clang\b|AppleClang|-darwin\d"

#: what a tool that failed says
FAILED = (
    r"(?m)(?:^|[:\s])(?:fatal )?(?:error|ERROR|Error)(?: C\d{4}| LNK\d{4})?: |^Traceback \(most recent|^FAILED: "
    r"|\*\*\* \[|^CMake Error|[A-Z]\w{2,40}Error: "
)
#: what a tool that has done its work says
ENDED = (
    r"Successfully (?:installed|built)|Build complete|Build succeeded"
    r"|\[100%\]|Project name: |Finished .{1,40} target\(s\)"
)

#: what a front end says of a wheel that it has built
_BUILT = re.compile(
    r"(?m)^(?:Successfully built [^\s]|(?:- )?Built [\w.-]{1,200}(?:==| @ |\.whl)"
    r"|(?:INFO:root:)?removing build[/\\]bdist\.)|Built wheel for "
)
#: what it, or a build tool, says where it stops
_STOPPED = re.compile(
    r"(?m)^(?:error: |ERROR: (?!pip's dependency resolver)|Failed to build|CMake Error|FAILED: |ninja: (?:error|build)"
    r"|g?make(?:\[\d{1,3}\])?: \*\*\*)"
)


def find_success(text: str) -> int:
    """Find where a build ended with a wheel that nothing had stopped, 0 where none did."""
    return 0 if _STOPPED.search(text) else max((each.start() for each in _BUILT.finditer(text)), default=0)


def is_isolated(text: str) -> bool:
    """Tell whether a front end made an environment for the build."""
    return bool(ISOLATED.search(text) or _MADE.search(text))


def toolkit_release(text: str) -> str:
    """Give the release of the toolkit that ran, empty where a log shows none or several."""
    return _only(next(filter(None, each)) for each in _RELEASE.findall(text))


def torch_release(text: str) -> str:
    """Give the release of CUDA that torch was built for, empty where a log shows none or several."""
    return _only(f"{major}.{minor}" for major, minor in _TORCH.findall(text))


def toolkit_home(text: str) -> str:
    """Give the folder of a toolkit that is none of the wheels', empty where a log shows none or several."""
    found = {next(filter(None, each)).rstrip("/") for each in _HOME.findall(text)}
    return _only(each for each in found if not _WHEELS.search(each) and each != "/usr") if found else ""


def cmake_release(text: str) -> tuple[int, int] | None:
    """Give the release of the CMake that ran."""
    found = {tuple(int(part) for part in each if part) for each in _CMAKE.findall(text)}
    return next(((major, minor) for major, minor in found), None) if len(found) == 1 else None


def version(release: str) -> tuple[int, ...]:
    """Read a release, to compare it."""
    return tuple(int(part) for part in release.split("."))


def _only(found: Iterable[str]) -> str:
    different = set(found)
    return different.pop() if len(different) == 1 else ""
