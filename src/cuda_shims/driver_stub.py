"""
``libcuda.so`` and ``libnvidia-ml.so`` to link against where no driver is, made from the toolkit's own headers.

NVIDIA's installer has them in ``lib64/stubs``, no Linux wheel has. A linker reads from a shared library its soname and
the names it defines, so that is what is written here, byte by byte. A compiler would make the same from C, but a hook
at Python's start must not run programs, and there may be none.

Pure: text and names in, bytes out, the same bytes for the same names. A name too many harms nobody who does not use it,
one too few breaks a link: reading errs on the side of more.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

#: what a program linked against the stub asks the loader for: the driver's library, by the name the driver installs
CUDA_SONAME = "libcuda.so.1"
#: likewise for the management library
NVML_SONAME = "libnvidia-ml.so.1"
#: ``CUresult`` of cuda.h: "the CUDA driver that the application has loaded is a stub library"
CUDA_ERROR_STUB_LIBRARY = 34
#: ``nvmlReturn_t`` of nvml.h: "NVML Shared Library couldn't be found or loaded"; it has no word for a stub
NVML_ERROR_LIBRARY_NOT_FOUND = 12

# Each pattern begins with a literal, which re finds faster than str.split does, and has no repeat inside a repeat, so
# time stays linear on any text. re compiles them when first used, not at import: most start-ups make no stub. Used with
# re.ASCII, as \w would accept letters that no linker expects in a C name.
_CUDA_DECLARATION = r"CUDAAPI\s+(cu[A-Z]\w*)\s*\("
_CUDA_SUFFIXED = r"__CUDA_API_PT(DS|SZ)\s*\(\s*(cu[A-Z]\w*)"
_CUDA_ALIAS = (
    r"#[ \t]*define[ \t]+(cu[A-Z]\w*)[ \t]+(?:\\\r?\n[ \t]*)?(?:__CUDA_API_PT[DS][SZ][ \t]*\([ \t]*)?(cu[A-Z]\w*)"
)
_NVML_DECLARATION = r"DECLDIR\s+(?:char\s*\*\s*)?(nvml[A-Z]\w*)\s*\("
_NVML_ALIAS = r"#[ \t]*define[ \t]+(nvml[A-Z]\w*)[ \t]+(?:\\\r?\n[ \t]*)?(nvml[A-Z]\w*)"


def driver_functions(cuda_h: str) -> list[str]:
    """
    Name every function of the driver API that a program may ask the linker for, whatever macros it sets.

    Text is read, not preprocessed: a program chooses its names with ``CUDA_API_PER_THREAD_DEFAULT_STREAM`` or
    ``__CUDA_API_VERSION_INTERNAL`` long after the stub is made, so the branches of every ``#if`` count. That makes the
    unversioned ``cuMemAlloc`` (an ``__CUDA_API_VERSION_INTERNAL`` declaration), ``cuMemAlloc_v2`` (what ``#define``
    makes of it), and both names that ``__CUDA_API_PTDS(x)`` and ``__CUDA_API_PTSZ(x)`` stand for.

    Source: cuda.h of CUDA 13.0 to 13.5, where a declaration is ``CUresult CUDAAPI cuName(``. The headers cudaGL.h,
    cudaEGL.h, cudaVDPAU.h and cudaProfiler.h declare more functions of the same library in the same form; their text
    may be added to that of cuda.h.

    :param cuda_h: the text of cuda.h; any text will do, and time is linear in its length. Read it as Latin-1: that
            cannot fail, loses no name, and is faster than UTF-8, as a few quotes in NVIDIA's comments are not ASCII
    :returns: the names, sorted, each once; empty when the text declares none. Never raises

    """
    found = set(re.findall(_CUDA_DECLARATION, cuda_h, re.ASCII))
    for which, name in re.findall(_CUDA_SUFFIXED, cuda_h, re.ASCII):
        found.update((name, f"{name}_pt{which.lower()}"))
    return _with_aliases(found, re.findall(_CUDA_ALIAS, cuda_h, re.ASCII))


def nvml_functions(nvml_h: str) -> list[str]:
    """
    Name every function of the management library that a program may ask the linker for, whatever macros it sets.

    Source: nvml.h of CUDA 13.5, where a declaration is ``nvmlReturn_t DECLDIR nvmlName(`` and, once,
    ``const DECLDIR char* nvmlErrorString(``; ``NVML_NO_UNVERSIONED_FUNC_DEFS`` chooses between ``nvmlInit`` and
    ``nvmlInit_v2``, and both are named here.

    :param nvml_h: the text of nvml.h, likewise
    :returns: the names, sorted, each once; empty when the text declares none. Never raises

    """
    return _with_aliases(
        set(re.findall(_NVML_DECLARATION, nvml_h, re.ASCII)), re.findall(_NVML_ALIAS, nvml_h, re.ASCII)
    )


def _with_aliases(found: set[str], pairs: list[tuple[str, str]]) -> list[str]:
    # An alias counts only if one of its two names is known to be a function: nvml.h has such macros for its types too.
    aliases: dict[str, list[str]] = {}
    for left, right in pairs:
        aliases.setdefault(left, []).append(right)
        aliases.setdefault(right, []).append(left)
    todo = list(found)
    while todo:
        fresh = [name for name in aliases.pop(todo.pop(), ()) if name not in found]
        found.update(fresh)
        todo += fresh
    return sorted(found)


# ELF: names and values of the System V gABI (https://gabi.xinuos.com), e_machine of the two psABIs.
_MACHINES = {"x86_64": 62, "aarch64": 183}  # EM_X86_64, EM_AARCH64
_EHDR = struct.Struct("<4sBBBB8xHHIQQQIHHHHHH")
_PHDR = struct.Struct("<IIQQQQQQ")
_SHDR = struct.Struct("<IIQQQQIIQQ")
_SYM = struct.Struct("<IBBHQQ")
_DYN = struct.Struct("<QQ")
_PT_LOAD, _PT_DYNAMIC, _PT_GNU_STACK = 1, 2, 0x6474E551
_PF_X, _PF_W, _PF_R = 1, 2, 4
_SHT_PROGBITS, _SHT_STRTAB, _SHT_HASH, _SHT_DYNAMIC, _SHT_DYNSYM = 1, 3, 5, 6, 11
_SHF_WRITE, _SHF_ALLOC, _SHF_EXECINSTR = 1, 2, 4
_DT_NULL, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SYMENT, _DT_SONAME = 0, 4, 5, 6, 10, 11, 14
_GLOBAL_FUNC = 1 << 4 | 2  # STB_GLOBAL, STT_FUNC
# The largest page of either machine (an aarch64 kernel may use 64 KiB): what differs in rights is that far apart.
_PAGE = 0x10000
# sections by their place in the section header table
_DYNSYM, _DYNSTR, _TEXT, _SHSTRTAB = 2, 3, 4, 6
_MAX_CODE = 0xFFFF  # what one movz holds

# The one function of both libraries that returns a string: a program prints it, and an error code there would crash it.
_RETURN_STRING = frozenset({"nvmlErrorString"})
_MESSAGE = b"a link-time stub made by cuda-shims is loaded in place of NVIDIA's library\0"


class _Section(NamedTuple):
    name: str
    kind: int
    flags: int
    #: how far its address is from its place in the file
    shift: int
    data: bytes
    link: int = 0
    info: int = 0
    align: int = 1
    entry: int = 0


def stub_library(soname: str, functions: Sequence[str], machine: str, error_code: int) -> bytes:
    """
    Write a shared library that a program links against and must not run with.

    Every function is the same few bytes of code, which return ``error_code`` (``nvmlErrorString`` returns a string that
    says what happened). Nothing is relocated, no other library is needed and no segment is both writable and
    executable. Linkers find the names through the section headers, loaders through the dynamic segment.

    Source: the System V gABI for the file's structure; the psABI of each machine for its number and for the register
    that returns an ``int`` (``eax``, ``w0``).

    :param soname: what a program linked against it will ask the loader for, e.g. ``libcuda.so.1``
    :param functions: the names to define; order and repeats do not matter
    :param machine: ``x86_64`` or ``aarch64``, as :func:`platform.machine` spells them
    :param error_code: what each function returns, 0 to 65535
    :returns: the bytes of the library
    :raises ValueError: another machine, a code out of range, or a name that is empty, has a NUL or cannot be UTF-8

    """
    if machine not in _MACHINES:
        raise ValueError(f"no stub library for machine {machine!r}: it can be {' or '.join(_MACHINES)}")
    if not 0 <= error_code <= _MAX_CODE:
        raise ValueError(f"error code {error_code} is not in 0 to {_MAX_CODE}")
    names = [name.encode() for name in sorted(set(functions))]
    for name in (soname.encode(), *names):
        if not name or b"\0" in name:
            raise ValueError(f"{name!r} cannot be a name in a library")

    code, string_code = _code(machine, error_code)
    returns_string = {name.encode() for name in _RETURN_STRING}.intersection(names)
    text = code + string_code + _MESSAGE if returns_string else code
    strings = b"\0" + b"\0".join((soname.encode(), *names)) + b"\0"
    hash_table = _hash(len(names))
    # Sizes do not depend on addresses, so a first layout of blank sections says where the code will be.
    sections = _sections(hash_table, bytes(_SYM.size * (len(names) + 1)), strings, text, bytes(_DYN.size * 7))
    offsets, _ = _places(sections)
    address = [offset + section.shift for offset, section in zip(offsets, sections)]

    symbols = bytearray(_SYM.size)  # the gABI wants the first one blank
    at = 1 + len(soname.encode()) + 1
    here = address[_TEXT]
    for name in names:
        if name in returns_string:
            symbols += _SYM.pack(at, _GLOBAL_FUNC, 0, _TEXT, here + len(code), len(string_code))
        else:
            symbols += _SYM.pack(at, _GLOBAL_FUNC, 0, _TEXT, here, len(code))
        at += len(name) + 1
    dynamic = b"".join(
        (
            _DYN.pack(_DT_SONAME, 1),
            _DYN.pack(_DT_HASH, address[1]),
            _DYN.pack(_DT_STRTAB, address[_DYNSTR]),
            _DYN.pack(_DT_SYMTAB, address[_DYNSYM]),
            _DYN.pack(_DT_STRSZ, len(strings)),
            _DYN.pack(_DT_SYMENT, _SYM.size),
            _DYN.pack(_DT_NULL, 0),
        )
    )
    return _file(_sections(hash_table, bytes(symbols), strings, text, dynamic), _MACHINES[machine])


def _code(machine: str, error_code: int) -> tuple[bytes, bytes]:
    # a function that returns the code, and one that returns the address of what lies right behind it
    if machine == "x86_64":
        # mov eax, code; ret, filled up with int3    lea rax, [rip + 1]; ret
        return b"\xb8" + struct.pack("<I", error_code) + b"\xc3\xcc\xcc", b"\x48\x8d\x05\x01\0\0\0\xc3"
    # movz w0, #code; ret    adr x0, . + 8; ret
    return struct.pack("<II", 0x52800000 | error_code << 5, 0xD65F03C0), struct.pack("<II", 0x10000040, 0xD65F03C0)


def _hash(count: int) -> bytes:
    # One bucket, so one chain through all symbols, which is valid and needs no hash of any name. Hashing them, or a
    # .gnu.hash, would take longer in Python than all the rest, to speed up a library that nothing should ever load.
    words = [1, count + 1, 1, 0, *range(2, count + 1), 0] if count else [1, 1, 0, 0]
    return struct.pack(f"<{len(words)}I", *words)


def _sections(hash_table: bytes, symbols: bytes, strings: bytes, text: bytes, dynamic: bytes) -> list[_Section]:
    names = ("", ".hash", ".dynsym", ".dynstr", ".text", ".dynamic", ".shstrtab")
    return [
        _Section("", 0, 0, 0, b"", align=0),
        _Section(".hash", _SHT_HASH, _SHF_ALLOC, 0, hash_table, link=_DYNSYM, align=8, entry=4),
        _Section(".dynsym", _SHT_DYNSYM, _SHF_ALLOC, 0, symbols, link=_DYNSTR, info=1, align=8, entry=_SYM.size),
        _Section(".dynstr", _SHT_STRTAB, _SHF_ALLOC, 0, strings),
        _Section(".text", _SHT_PROGBITS, _SHF_ALLOC | _SHF_EXECINSTR, _PAGE, text, align=16),
        # writable, as other libraries have it: glibc stores addresses in it, before 2.35 without asking
        _Section(
            ".dynamic",
            _SHT_DYNAMIC,
            _SHF_ALLOC | _SHF_WRITE,
            2 * _PAGE,
            dynamic,
            link=_DYNSTR,
            align=8,
            entry=_DYN.size,
        ),
        _Section(".shstrtab", _SHT_STRTAB, 0, 0, "\0".join((*names, "")).encode()),
    ]


def _places(sections: list[_Section]) -> tuple[list[int], int]:
    # offset of each section, and of the section headers behind them
    offsets = [0]
    end = _EHDR.size + 5 * _PHDR.size
    for section in sections[1:]:
        offsets.append(_align(end, section.align))
        end = offsets[-1] + len(section.data)
    return offsets, _align(end, 8)


def _align(value: int, to: int) -> int:
    return (value + to - 1) // to * to


def _file(sections: list[_Section], machine: int) -> bytes:
    offsets, headers_at = _places(sections)
    read_only_end = offsets[_DYNSTR] + len(sections[_DYNSTR].data)
    # Segments lie one behind the other in the file, each one page further on in memory: no padding, no shared page.
    segments = [_PHDR.pack(_PT_LOAD, _PF_R, 0, 0, 0, read_only_end, read_only_end, _PAGE)]
    for kind, rights, index, align in (
        (_PT_LOAD, _PF_R | _PF_X, _TEXT, _PAGE),
        (_PT_LOAD, _PF_R | _PF_W, _TEXT + 1, _PAGE),
        (_PT_DYNAMIC, _PF_R | _PF_W, _TEXT + 1, 8),
    ):
        offset, size = offsets[index], len(sections[index].data)
        address = offset + sections[index].shift
        segments.append(_PHDR.pack(kind, rights, offset, address, address, size, size, align))
    segments.append(_PHDR.pack(_PT_GNU_STACK, _PF_R | _PF_W, 0, 0, 0, 0, 0, 16))

    # class 64, little-endian, version 1, OS ABI System V; ET_DYN; no entry, no flags
    image = bytearray(
        _EHDR.pack(
            *(b"\x7fELF", 2, 1, 1, 0, 3, machine, 1, 0, _EHDR.size, headers_at, 0),
            *(_EHDR.size, _PHDR.size, len(segments), _SHDR.size, len(sections), _SHSTRTAB),
        )
    )
    image += b"".join(segments)
    headers = bytearray()
    name_at = 0
    for section, offset in zip(sections, offsets):
        image += bytes(max(offset - len(image), 0)) + section.data
        address = offset + section.shift if section.flags else 0
        headers += _SHDR.pack(
            *(name_at, section.kind, section.flags, address, offset),
            *(len(section.data), section.link, section.info, section.align, section.entry),
        )
        name_at += len(section.name) + 1
    return bytes(image + bytes(headers_at - len(image)) + headers)


__all__ = [
    "CUDA_ERROR_STUB_LIBRARY",
    "CUDA_SONAME",
    "NVML_ERROR_LIBRARY_NOT_FOUND",
    "NVML_SONAME",
    "driver_functions",
    "nvml_functions",
    "stub_library",
]
