"""Messages of what links and loads: linkers, nvlink, the system's loader."""

from __future__ import annotations

from . import log_causes
from .log_causes import plain
from .log_fixes import Scene
from .log_rules import NAME, Rule, rule

RULES: tuple[Rule, ...] = (
    # --- linkers
    rule("library-missing", "cannot find -l", f"cannot find -l{NAME}", log_causes.library),
    rule("library-missing", "unable to find library -l", f"unable to find library -l{NAME}", log_causes.library),
    rule(
        "library-missing",
        "library not found: ",
        f"mold: (?:fatal|error): library not found: {NAME}",
        log_causes.library,
    ),
    rule(
        "library-missing",
        "could not find native static library",
        f"could not find native static library '{NAME}'",
        log_causes.library,
    ),
    rule(
        "library-missing",
        ".lib",
        r"(?:LNK1181: cannot open input file|LNK1104: cannot open file|error: could not open) '"
        r"(?P<name>[\w.-]{1,100})(?P<windows>\.lib)'",
        log_causes.library,
    ),
    rule(
        "undefined-symbol",
        "undefined reference to",
        r"undefined reference to '(?P<name>\w{1,150})'",
        log_causes.symbol,
        after="library-missing",
    ),
    rule(
        "undefined-symbol",
        "undefined symbol: ",
        r"error: undefined symbol: (?P<name>\w{1,150})(?![\w(:<])",
        log_causes.symbol,
        after="library-missing",
    ),
    rule(
        "undefined-symbol",
        "unresolved external symbol",
        r"unresolved external symbol (?:__imp_)?(?P<name>\w{1,150})(?![\w@(])",
        log_causes.symbol,
        after="library-missing",
    ),
    rule(
        "device-code",
        "Undefined reference to",
        r"nvlink error : Undefined reference to '(?P<name>[^\s\x27]{1,300})'",
        log_causes.device_symbol,
    ),
    rule(
        "device-code",
        "Unresolved extern function",
        r"ptxas fatal : Unresolved extern function '(?P<name>[^\s\x27]{1,300})'",
        plain(
            "The device function {name} is defined in another file.",
            "without -rdc=true each .cu file is a device program of its own",
            "compile with -rdc=true and link with nvcc; in CMake: set_target_properties(TARGET PROPERTIES "
            "CUDA_SEPARABLE_COMPILATION ON)",
        ),
    ),
    rule(
        "lto-library",
        "elfLink linker library load error",
        "nvlink fatal : elfLink linker library load error",
        plain(
            "nvlink does not find libnvvm.so, which optimises at link time (-dlto).",
            "it opens nvvm/lib64/libnvvm.so; the wheels have lib/libnvvm.so.4, a root of ours has both",
            Scene.shims,
            "shims",
        ),
    ),
    rule(
        "library-not-loaded",
        "cannot open shared object file",
        r"(?:(?:Import|OS)Error|error while loading shared libraries): "
        r"(?P<name>lib[\w+-]{1,60}\.so(?:\.\d{1,4}){0,3}): cannot open shared object file",
        log_causes.shared_library,
    ),
)

__all__ = ["RULES"]
