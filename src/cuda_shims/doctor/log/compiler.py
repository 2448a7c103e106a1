"""What nvcc, torch or CMake does not take of a compiler: its release, its absence, or the first program's failure."""

from __future__ import annotations

import re
from functools import lru_cache

from cuda_shims.doctor.log import tool
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.clue import WINDOWS
from cuda_shims.doctor.log.fix import Scene
from cuda_shims.quoting import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Explain, Words

#: the first CMake that writes CMakeConfigureLog.yaml
_YAML_SINCE = (3, 26)
#: what a build runs where nothing names a compiler, or CMake's word for it
_USUAL = re.compile(
    r"(?:\w{3,12}-(?:\w{2,10}-)?linux-\w{3,12}-)?(?:gcc|g\+\+|cc|c\+\+|cl|cl\.exe|cc1plus)|CMAKE_CXX_COMPILER"
)
#: what a Python may have been built with
_CLANG = re.compile(r"clang(?:\+\+)?")
#: what names one
_VARIABLES = ("NVCC_CCBIN", "CUDAHOSTCXX", "CXX", "CC")
_NAMED = re.compile(
    rf"(?<!\w)(-ccbin|--compiler-bindir|{'|'.join(_VARIABLES)})[=\s][\x22\x27]?([^\s\x22\x27`,;()]{{1,300}})"
)
LIMITS = "each release of nvcc knows the compilers of its time (include/crt/host_config.h)"


def _name_nvcc(scene: Scene) -> str:
    return f"This nvcc of CUDA {scene.toolkit_release}" if scene.toolkit_release else "This nvcc"


def explain_memory(said: Explain, words: Words, scene: Scene) -> Cause | None:
    """Explain a compiler that got no more memory; what CUDA takes of it is said where CUDA is compiled."""
    cause = said(words, scene)
    if cause and not scene.says(r"\.cu\b|\b(?:nvcc|cicc|ptxas|cudafe)|CUDA"):
        cause = cause._replace(why="several files are compiled at a time, and each takes memory")
    return cause


def explain_compiler(words: Words, scene: Scene) -> Cause:
    """Explain a host compiler that nvcc refuses."""
    kind = {"GNU": "gcc"}.get(words["name"], words["name"])
    newest = int(words["gcc"] or 0) or int(words["clang"] or 1) - 1
    upto = f" newer than {newest}" if newest else ""
    if words.get("before"):  # "gcc 4.7 and up", of CUDA 7 and earlier
        what = f"{_name_nvcc(scene)} takes no gcc {words['before']} or newer."
        by = "install an older g++ where the build runs, and name it: -ccbin g++-4.N, CUDA_HOST_COMPILER for FindCUDA"
        return Cause("host", what, LIMITS, lambda scene: f"{by}; or take {scene.newer('')}")
    limit = {kind: newest} if newest else {}
    return Cause("host", f"{_name_nvcc(scene)} takes no {kind}{upto}.", LIMITS, lambda scene: scene.host(limit))


def explain_visual_studio(words: Words, scene: Scene) -> Cause:
    """Explain a Visual Studio that nvcc refuses."""
    years = f", but {words['name']} to {words['found']} only" if words.get("name") and words.get("found") else ""
    why = f"{LIMITS}; updates within a year count, as MSVC 14.40 of Visual Studio 2022 does for CUDA before 12.4"
    return Cause(
        "host", f"{_name_nvcc(scene)} does not take this Visual Studio{years}.", why, Scene.older_visual_studio
    )


def explain_stl(words: Words, scene: Scene) -> Cause:
    """Explain a C++ library of Visual Studio that refuses an older nvcc."""
    wanted = words["name"]
    if scene.says(r"__clang_cuda_runtime_wrapper\.h"):
        what = "Visual Studio's C++ library takes clang, which compiles this CUDA code, for an old nvcc."
        why = "it requires the version of CUDA that nvcc defines and clang does not"
        return Cause(
            "host", what, why, say("-D_ALLOW_COMPILER_AND_STL_VERSION_MISMATCH for clang; or compile with nvcc")
        )
    ran = f", and this is {scene.toolkit_release}" if scene.toolkit_release else ""
    what = f"This Visual Studio is too new for this nvcc: its C++ library needs CUDA {wanted} or later{ran}."
    why = "each update of MSVC's library names the oldest nvcc that it takes; -allow-unsupported-compiler does not help"

    def fix(scene: Scene) -> str:
        return f"{scene.older_visual_studio().partition('; or ')[0]}; or take {scene.newer(wanted)}"

    return Cause("host", what, why, fix)


def explain_old_compiler(words: Words, _: Scene) -> Cause:
    """Explain a host compiler that is too old for the code."""
    name, found, wanted = (" ".join(words.get(each, "").split()) for each in ("name", "found", "wanted"))
    found = f" {found}" if found else ""
    wanted = f": {wanted} or later is required" if wanted else ""
    what = f"The host compiler{' ' + name if name else ''}{found} is too old{wanted}."
    return Cause("host", what, "nvcc hands the host half of every .cu file to it", Scene.newer_host)


def explain_old_standard(words: Words, scene: Scene) -> Cause | None:
    """Explain a host compiler that does not know the C++ standard that a CUDA build requires."""
    if not scene.says("nvcc|CUDA"):
        return None
    what = f"The host compiler does not know {words['name']}: it is too old."
    return Cause("host", what, "nvcc hands the host half of every .cu file to it", Scene.newer_host)


def explain_headers(words: Words, scene: Scene) -> Cause:
    """Explain headers of a compiler or of the C library that nvcc's own front end cannot read."""
    if words.get("gcc"):
        gcc = int(words["gcc"].partition(".")[0])
        what = f"{_name_nvcc(scene)} does not understand the headers of gcc {gcc}."
        why = "it reads them with its own front end, which knows the compilers of its time"
        return Cause("host", what, why, lambda scene: scene.older_host(gcc))
    what = f"{_name_nvcc(scene)} does not understand the headers of this system's C library."
    why = "glibc is newer than it"
    fix = "take {}, or build where glibc is older (a container of an earlier release of the system)"
    return Cause("glibc", what, why, lambda scene: fix.format(scene.newer("")))


def explain_float(_: Words, scene: Scene) -> Cause:
    """Explain the C library's headers as a gcc reads them that nvcc's own front end does not know."""
    what = f"{_name_nvcc(scene)} does not know _Float32 and similar types, which the host compiler has."
    why = f"to gcc 13 and later these are C++ too, and glibc's headers use them there; {LIMITS}"
    return Cause("host", what, why, lambda scene: scene.older_host(13))


def explain_no_compiler(words: Words, scene: Scene) -> Cause:
    """Explain a missing host compiler."""
    name = words.get("made") or words["name"]
    what = f"There is no {name}."
    if name == "CMAKE_CXX_COMPILER":
        what = "CMake finds no C++ compiler."
    why = "nvcc hands the host half of every .cu file to a C++ compiler"
    if not scene.says(r"nvcc|(?i:cuda)|\.cu\b"):
        why = "the build runs it, and nothing on PATH has that name"
    by = _find_naming(name, scene)
    if by is None:
        return Cause("host", what, why, Scene.host)
    what = f"{by or 'An option or a variable'} names a compiler that does not exist, {name}."
    fix = f"have {by} name a g++ that exists, or remove it"
    return Cause(
        "host", what, why, say(fix if by else "correct or unset what names it: -ccbin, NVCC_CCBIN, CUDAHOSTCXX or CXX")
    )


def _find_naming(name: str, scene: Scene) -> str | None:
    """Find what names a compiler, empty where that is not known; ``None`` for one that builds run by themselves."""
    if _USUAL.fullmatch(name):
        return None
    variable = next((each for each in _VARIABLES if scene.case.environ.get(each) == name), "")
    by = _find_named(scene.text).get(name, variable)
    return by or (None if _CLANG.fullmatch(name) else "")


@lru_cache(maxsize=1)
def _find_named(text: str) -> dict[str, str]:
    return {name: by for by, name in _NAMED.findall(text)}


def explain_no_ccbin(_: Words, scene: Scene) -> Cause | None:
    """Explain a host compiler that nvcc does not name, but its command does."""
    named = re.findall(r"-ccbin[= ](?:\$\(which )?([^\s\x22\x27()$]{1,200})", scene.text)
    return explain_no_compiler({"name": named[-1]}, scene) if named else None


def explain_meson_log(_: Words, scene: Scene) -> Cause:
    """Say where Meson has written what its compiler said."""
    match = re.search(r"A full log can be found at ([^\n\r]{1,400})", scene.text)
    place = match.group(1).strip() if match else "meson-logs/meson-log.txt"
    fix = scene.case.command("doctor") + f" --log {quote_path(place)}"
    return Cause("", "nvcc does not compile Meson's first program.", "Meson writes what it said to a log", say(fix))


def explain_unidentified(_: Words, scene: Scene) -> Cause:
    """Explain an nvcc that CMake could not compile its first program with."""
    what = "CMake cannot use the CUDA compiler."
    why = (
        "there is no working nvcc where it looks, or that does not take the host compiler, or lacks a part of its "
        "toolkit; CMake's log has what it said"
    )
    log = "CMakeFiles/CMakeConfigureLog.yaml"
    if scene.cmake_release and scene.cmake_release < _YAML_SINCE:
        log = "CMakeFiles/CMakeError.log"
    return Cause("", what, why, say(f"in the build directory: {scene.case.command('doctor')} --log {log}"))


def explain_other_system(said: Explain, words: Words, scene: Scene) -> Cause | None:
    """Explain a host compiler for another system, or for 32 bits."""
    cause = said(words, scene)
    if cause is None or scene.says(WINDOWS):
        return cause
    why = "nvcc compiles for the system that it is for: -m32, a cross compiler, or MinGW's gcc is none that it takes"
    other = cause.fix(scene)
    return cause._replace(why=why, fix=say(f"take -m32 away, and name this system's g++ (-ccbin); on Windows {other}"))


def explain_unset(said: Explain, words: Words, scene: Scene) -> Cause | None:
    """Explain a CUDA compiler that CMake does not have, where it has others."""
    others = r"CMAKE_C(?:XX)?_COMPILER not set, after EnableLanguage"
    return None if scene.says(others) else tool.explain_no_nvcc(said, words, scene)


def explain_torch_limit(said: Explain, words: Words, scene: Scene) -> Cause | None:
    """Explain a host compiler that torch takes for too new."""
    cause = said(words, scene)
    newest = re.search(r"adequate version of [\w+-]{1,30} \(>=[\d.]{1,10}, <=?(\d{1,2})", scene.text)
    return cause and cause._replace(fix=lambda scene: scene.host({"gcc": int(newest[1]) - 1} if newest else None))
