"""Messages of shells and the system: programs and files that are not there, memory, disks."""

from __future__ import annotations

from . import log_causes, log_remains
from .log_causes import plain
from .log_rules import ANY_TOOL, NVCC, TOOL, TOOL_AT, Rule, not_found, rule

_GONE = "not found|No such file or directory"
_MISSING = "No such file or directory"
_BUILD_TOOL = r"(?P<name>(?:[A-Za-z]:)?[/\\][^\s\x22\x27`:]{1,300}[/\\](?:ninja|samu|cmake|meson)(?:\.exe)?)"
_FEWER = (
    "compile fewer files at a time: CMAKE_BUILD_PARALLEL_LEVEL=1 for CMake, MAX_JOBS=1 for torch, make -j1; or give "
    "the machine (container, WSL) more memory or swap"
)
_MEMORY = "a .cu file takes some hundred MB to some GB for each architecture, and several are compiled at a time"
_ROOM = "set the variable TMPDIR to a folder with room (nvcc, pip and uv write there); df -h names what is full"

RULES: tuple[Rule, ...] = (
    # --- tools that are not found
    rule("stale", _GONE, rf"{TOOL_AT}: (?:not found|No such file or directory)", log_remains.tool_at),
    rule("stale", _MISSING, rf"No such file or directory: '{TOOL_AT}'", log_remains.tool_at),
    rule(
        "stale",
        "needed by",
        r"(?:error: |target )'(?P<name>[^\s\x27]{1,300}[/\\](?:cuda_shims_toolkit|nvidia)[/\\]cu\d\d[^\s\x27]{1,200})',"
        r" needed by",
        log_remains.stale(
            "The build asks for {name}, which is not there.",
            "an earlier build has noted it, and the environment that had it is gone",
        ),
    ),
    rule("stale", _MISSING, f"No such file or directory: '{_BUILD_TOOL}'", log_remains.build_tool),
    rule("stale", _GONE, rf"{_BUILD_TOOL}: (?:not found|No such file or directory)", log_remains.build_tool),
    rule(
        "stale",
        "command was: ",
        f"Generator: (?:execution of make|build tool execution) failed[.,] (?:Make )?command was: {_BUILD_TOOL}(?!\\S)",
        log_remains.build_tool,
    ),
    rule(
        "stale",
        "failed with: ",
        f"Running '{_BUILD_TOOL}' '--version' failed with: [Nn]o such file or directory",
        log_remains.build_tool,
    ),
    rule(
        "nvcc-not-found", "cannot find binary path", "sccache: caused by: cannot find binary path", log_causes.launched
    ),
    *not_found("nvcc-not-found", NVCC, log_causes.tool),
    *not_found("tool-missing", TOOL, log_causes.tool),
    rule(
        "not-executable",
        "Permission denied",
        rf"{TOOL_AT}: Permission denied",
        log_causes.not_executable,
    ),
    rule(
        "shim",
        " (cuda-shims): ",
        rf"{ANY_TOOL} \(cuda-shims\): (?P<found>not installed in|[^\n\r]{{1,300}})",
        log_causes.shim,
    ),
    # --- the machine
    rule(
        "out-of-memory",
        "died due to signal 9",
        r"nvcc error : '(?P<name>[\w+.-]{1,40})' died due to signal 9",
        plain("The system killed {name}, as it does when memory runs out.", _MEMORY, _FEWER),
    ),
    rule(
        "out-of-memory",
        "Killed",
        r"^(?:[^\s:]{1,100}: line \d{1,6}: \s{0,8}\d{1,8} Killed|Killed(?![^\r\n]))",
        plain("The system killed a program, as it does when memory runs out.", _MEMORY, _FEWER),
    ),
    rule(
        "out-of-memory",
        "signal terminated program",
        r"Killed signal terminated program (?P<name>\w{1,40})",
        plain("The system killed {name}, as it does when memory runs out.", _MEMORY, _FEWER),
    ),
    rule(
        "out-of-memory",
        "memory",
        r"(?:virtual memory exhausted: Cannot allocate memory|(?:cc1plus|cc1|lto1|lto-wrapper): out of memory"
        r"|catastrophic error: out of memory|LLVM ERROR: out of memory|fatal : Memory allocation failure"
        r"|(?:posix_spawn|fork): Cannot allocate memory)",
        plain("A compiler got no more memory.", _MEMORY, _FEWER),
    ),
    rule(
        "out-of-memory",
        "heap space",
        "fatal error C1060: compiler is out of heap space",
        plain("The compiler got no more memory.", _MEMORY, _FEWER),
    ),
    rule(
        "out-of-memory",
        "terminated with signal 9",
        r"(?P<name>ld|gold|lld|mold) terminated with signal 9",
        plain("The system killed {name}, as it does when memory runs out.", _MEMORY, _FEWER),
    ),
    rule(
        "compiler-crash",
        "died due to signal 11",
        r"nvcc error : '(?P<name>[\w+.-]{1,40})' died due to signal 11",
        plain(
            "{name} crashed.",
            "the compiler has a fault that this source meets, or its stack was too small",
            "ulimit -s unlimited; if it stays: another release of the toolkit, or -Xcicc -O1 for this file",
        ),
    ),
    rule(
        "disk-full",
        "o space left on device",
        "No space left on device",
        plain("There was no room on the disk.", "nvcc keeps files of hundreds of MB while it compiles", _ROOM),
    ),
    rule(
        "disk-full",
        "Disk quota exceeded",
        "Disk quota exceeded",
        plain("The disk quota is used up.", "nvcc keeps files of hundreds of MB while it compiles", _ROOM),
    ),
)

__all__ = ["RULES"]
