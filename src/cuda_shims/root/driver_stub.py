"""
``libcuda.so`` and ``libnvidia-ml.so`` to link against where no driver is, made from the toolkit's own headers.

NVIDIA's installer has them in ``lib64/stubs``, no Linux wheel has. A linker reads from a shared library its soname and
the names it defines, so that is what is written here, byte by byte. A compiler would make the same from C, but a hook
at Python's start must not run programs, and there may be none.

Pure: text and names in, bytes out, the same bytes for the same names. A name too many harms nobody who does not use it,
one too few breaks a link: reading errs on the side of more.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: what a program linked against the stub asks the loader for: the driver's library, by the name the driver installs
CUDA_SONAME = "libcuda.so.1"
#: likewise for the management library
NVML_SONAME = "libnvidia-ml.so.1"
#: ``CUresult`` of cuda.h: "the CUDA driver that the application has loaded is a stub library"
CUDA_ERROR_STUB_LIBRARY = 34
#: ``nvmlReturn_t`` of nvml.h: "NVML Shared Library couldn't be found or loaded"; it has no word for a stub
NVML_ERROR_LIBRARY_NOT_FOUND = 12

#: no name of either library is longer, with the blanks and the macro around it
_LONGEST = 160
_NVML, _CUDA = b"nvml", b"cu"


def driver_functions(cuda_h: bytes) -> list[str]:
    """
    Name every function of the driver API that a program may ask the linker for, whatever macros it sets.

    Text is read, not preprocessed: a program chooses its names with ``CUDA_API_PER_THREAD_DEFAULT_STREAM`` or
    ``__CUDA_API_VERSION_INTERNAL`` long after the stub is made, so the branches of every ``#if`` count. That makes the
    unversioned ``cuMemAlloc`` (an ``__CUDA_API_VERSION_INTERNAL`` declaration), ``cuMemAlloc_v2`` (what ``#define``
    makes of it), and both names that ``__CUDA_API_PTDS(x)`` and ``__CUDA_API_PTSZ(x)`` stand for.

    Source: cuda.h of CUDA 13.0 to 13.5, where a declaration is ``CUresult CUDAAPI cuName(``. The headers cudaGL.h,
    cudaEGL.h, cudaVDPAU.h and cudaProfiler.h declare more functions of the same library in the same form; their text
    may be added to that of cuda.h.
    """
    found = set(_declared(cuda_h, b"CUDAAPI", _CUDA))
    for rest in cuda_h.split(b"__CUDA_API_PT")[1:]:
        between, parenthesis, name = rest[2:_LONGEST].partition(b"(")
        name = name.partition(b")")[0].strip()
        if parenthesis and not between.strip() and rest[:2] in {b"DS", b"SZ"} and _is_name(name, _CUDA):
            found.update((name, name + b"_pt" + rest[:2].lower()))
    return _with_aliases(found, _aliases(cuda_h, _CUDA))


def nvml_functions(nvml_h: bytes) -> list[str]:
    """
    Name every function of the management library that a program may ask the linker for, whatever macros it sets.

    Source: nvml.h of CUDA 13.5, where a declaration is ``nvmlReturn_t DECLDIR nvmlName(`` and, once,
    ``const DECLDIR char* nvmlErrorString(``; ``NVML_NO_UNVERSIONED_FUNC_DEFS`` chooses between ``nvmlInit`` and
    ``nvmlInit_v2``, and both are named here.
    """
    return _with_aliases(set(_declared(nvml_h, b"DECLDIR", _NVML)), _aliases(nvml_h, _NVML))


# By bytes.split, and not by regular expressions: to import re takes longer than to read both headers.


def _is_name(name: bytes, prefix: bytes) -> bool:
    # bytes count as letters by ASCII: no linker expects others in a C name
    after = name[len(prefix) : len(prefix) + 1]
    return name.startswith(prefix) and after.isupper() and name.replace(b"_", b"").isalnum()


def _declared(data: bytes, macro: bytes, prefix: bytes) -> Iterator[bytes]:
    for rest in data.split(macro)[1:]:
        head, parenthesis, _ = rest[:_LONGEST].partition(b"(")
        words = head.split()
        if parenthesis and words and head[:1].isspace():
            name = words[-1].lstrip(b"*")  # const DECLDIR char* nvmlErrorString(
            if (len(words) == 1 or words[0].startswith(b"char")) and _is_name(name, prefix):
                yield name


def _aliases(data: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    parts = data.split(b"define")
    for before, rest in zip(parts, parts[1:]):
        start = rest[:_LONGEST].lstrip(b" \t")
        if start.startswith(prefix) and rest[0] in b" \t" and before[-_LONGEST:].rstrip(b" \t").endswith(b"#"):
            line = start.replace(b"\\\r\n", b" ").replace(b"\\\n", b" ").partition(b"\n")[0]
            left, _, right = line.replace(b"\t", b" ").partition(b" ")
            right = right.lstrip()
            if right.startswith(b"__CUDA_API_PT"):
                right = right.partition(b"(")[2].lstrip()
            right = right.replace(b")", b" ").partition(b" ")[0].rstrip()
            if _is_name(left, prefix) and _is_name(right, prefix):
                yield left, right


def _with_aliases(found: set[bytes], pairs: Iterable[tuple[bytes, bytes]]) -> list[str]:
    # An alias counts only if one of its two names is known to be a function: nvml.h has such macros for its types too.
    aliases: dict[bytes, list[bytes]] = {}
    for left, right in pairs:
        aliases.setdefault(left, []).append(right)
        aliases.setdefault(right, []).append(left)
    todo = list(found)
    while todo:
        fresh = [name for name in aliases.pop(todo.pop(), ()) if name not in found]
        found.update(fresh)
        todo += fresh
    return [name.decode() for name in sorted(found)]


# ELF: names and values of the System V gABI (https://gabi.xinuos.com), e_machine of the two psABIs.
_MACHINES = {"x86_64": 62, "aarch64": 183}  # EM_X86_64, EM_AARCH64
_EHDR = struct.Struct("<4sBBBB8xHHIQQQIHHHHHH")
_PHDR = struct.Struct("<IIQQQQQQ")
_SHDR = struct.Struct("<IIQQQQIIQQ")
_SYM = struct.Struct("<IBBHQQ")
_PT_LOAD, _PT_DYNAMIC, _PT_GNU_STACK = 1, 2, 0x6474E551
_PF_X, _PF_W, _PF_R = 1, 2, 4
_SHT_PROGBITS, _SHT_STRTAB, _SHT_HASH, _SHT_DYNAMIC, _SHT_DYNSYM = 1, 3, 5, 6, 11
_SHF_WRITE, _SHF_ALLOC, _SHF_EXECINSTR = 1, 2, 4
_DT_NULL, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SYMENT, _DT_SONAME = 0, 4, 5, 6, 10, 11, 14
_GLOBAL_FUNC = 1 << 4 | 2  # STB_GLOBAL, STT_FUNC
# The largest page of either machine (an aarch64 kernel may use 64 KiB): what differs in rights is that far apart.
_PAGE = 0x10000
# sections by their place in the section header table
_HASH, _DYNSYM, _DYNSTR, _TEXT, _DYNAMIC, _SHSTRTAB = range(1, 7)
# name, type, flags, how far its address is from its place in the file, link, info, alignment, size of an entry
_SECTIONS = (
    (".hash", _SHT_HASH, _SHF_ALLOC, 0, _DYNSYM, 0, 8, 4),
    (".dynsym", _SHT_DYNSYM, _SHF_ALLOC, 0, _DYNSTR, 1, 8, _SYM.size),
    (".dynstr", _SHT_STRTAB, _SHF_ALLOC, 0, 0, 0, 1, 0),
    (".text", _SHT_PROGBITS, _SHF_ALLOC | _SHF_EXECINSTR, _PAGE, 0, 0, 16, 0),
    # writable, as other libraries have it: glibc stores addresses in it, before 2.35 without asking
    (".dynamic", _SHT_DYNAMIC, _SHF_ALLOC | _SHF_WRITE, 2 * _PAGE, _DYNSTR, 0, 8, 16),
    (".shstrtab", _SHT_STRTAB, 0, 0, 0, 0, 1, 0),
)

# The one function of both libraries that returns a string: a program prints it, and an error code there would crash it.
_RETURN_STRING = b"nvmlErrorString"
_MESSAGE = b"a link-time stub made by cuda-shims is loaded in place of NVIDIA's library\0"


def stub_library(soname: str, functions: Sequence[str], machine: str, error_code: int) -> bytes:
    """
    Write a shared library that a program links against and must not run with.

    Every function is the same few bytes of code, which return ``error_code`` (``nvmlErrorString`` returns a string that
    says what happened). Nothing is relocated, no other library is needed and no segment is both writable and
    executable. Linkers find the names through the section headers, loaders through the dynamic segment.

    Source: the System V gABI for the file's structure; the psABI of each machine for its number and for the register
    that returns an ``int`` (``eax``, ``w0``).
    """
    if machine not in _MACHINES:
        raise ValueError(f"no stub library for machine {machine!r}: it can be {' or '.join(_MACHINES)}")
    names = [name.encode() for name in sorted(set(functions))]
    code, string_code = _code(machine, error_code)
    text = code + string_code + _MESSAGE if _RETURN_STRING in names else code
    strings = b"\0" + b"\0".join((soname.encode(), *names)) + b"\0"
    section_names = "\0".join(("", *(row[0] for row in _SECTIONS), "")).encode()
    # what has addresses in it comes last: sizes do not depend on them
    data = [_hash(len(names)), bytes(_SYM.size * (len(names) + 1)), strings, text, bytes(16 * 7), section_names]
    offsets = []
    end = _EHDR.size + 5 * _PHDR.size
    for row, part in zip(_SECTIONS, data):
        offsets.append(_align(end, row[6]))
        end = offsets[-1] + len(part)
    address = [0, *(offset + row[3] for row, offset in zip(_SECTIONS, offsets))]
    data[_DYNSYM - 1] = _symbols(names, 2 + len(soname.encode()), address[_TEXT], len(code), len(string_code))
    tags = (_DT_SONAME, 1, _DT_HASH, address[_HASH], _DT_STRTAB, address[_DYNSTR], _DT_SYMTAB, address[_DYNSYM])
    data[_DYNAMIC - 1] = struct.pack("<14Q", *tags, _DT_STRSZ, len(strings), _DT_SYMENT, _SYM.size, _DT_NULL, 0)
    return _file(data, offsets, address, _MACHINES[machine])


def _symbols(names: Iterable[bytes], at: int, here: int, size: int, string_size: int) -> bytes:
    symbols = bytearray(_SYM.size)  # the gABI requires a blank first one
    for name in names:
        if name == _RETURN_STRING:
            symbols += _SYM.pack(at, _GLOBAL_FUNC, 0, _TEXT, here + size, string_size)
        else:
            symbols += _SYM.pack(at, _GLOBAL_FUNC, 0, _TEXT, here, size)
        at += len(name) + 1
    return bytes(symbols)


def _code(machine: str, error_code: int) -> tuple[bytes, bytes]:
    # a function that returns the code, and one that returns the address of what lies right behind it
    if machine == "x86_64":
        # ``mov eax, code; ret``, padded with int3    ``lea rax, [rip + 1]; ret``
        return b"\xb8" + struct.pack("<I", error_code) + b"\xc3\xcc\xcc", b"\x48\x8d\x05\x01\0\0\0\xc3"
    # ``movz w0, #code; ret``    ``adr x0, . + 8; ret``
    return struct.pack("<II", 0x52800000 | error_code << 5, 0xD65F03C0), struct.pack("<II", 0x10000040, 0xD65F03C0)


def _hash(count: int) -> bytes:
    # One bucket, so one chain through all symbols, which is valid and needs no hash of any name. Hashing them, or a
    # .gnu.hash, would take longer in Python than all the rest, to speed up a library that nothing should ever load.
    words = [1, count + 1, 1, 0, *range(2, count + 1), 0] if count else [1, 1, 0, 0]
    return struct.pack(f"<{len(words)}I", *words)


def _align(value: int, to: int) -> int:
    return (value + to - 1) // to * to


def _file(data: list[bytes], offsets: list[int], address: list[int], machine: int) -> bytes:
    # Segments lie one behind the other in the file, each one page further on in memory: no padding, no shared page.
    end = offsets[_DYNSTR - 1] + len(data[_DYNSTR - 1])
    segments = _PHDR.pack(_PT_LOAD, _PF_R, 0, 0, 0, end, end, _PAGE)
    for kind, rights, index, align in (
        (_PT_LOAD, _PF_R | _PF_X, _TEXT, _PAGE),
        (_PT_LOAD, _PF_R | _PF_W, _DYNAMIC, _PAGE),
        (_PT_DYNAMIC, _PF_R | _PF_W, _DYNAMIC, 8),
    ):
        place, size = address[index], len(data[index - 1])
        segments += _PHDR.pack(kind, rights, offsets[index - 1], place, place, size, size, align)
    segments += _PHDR.pack(_PT_GNU_STACK, _PF_R | _PF_W, 0, 0, 0, 0, 0, 16)

    body = b""
    headers = bytes(_SHDR.size)
    name_at = 1
    start = _EHDR.size + len(segments)
    for row, part, offset, place in zip(_SECTIONS, data, offsets, address[1:]):
        name, kind, flags, _, link, info, align, entry = row
        body += bytes(offset - start - len(body)) + part
        headers += _SHDR.pack(name_at, kind, flags, place if flags else 0, offset, len(part), link, info, align, entry)
        name_at += len(name) + 1
    headers_at = _align(start + len(body), 8)
    # class 64, little-endian, version 1, OS ABI System V, ET_DYN, no entry, no flags
    sizes = (_EHDR.size, _PHDR.size, 5, _SHDR.size, len(_SECTIONS) + 1, _SHSTRTAB)
    start_of_file = _EHDR.pack(b"\x7fELF", 2, 1, 1, 0, 3, machine, 1, 0, _EHDR.size, headers_at, 0, *sizes)
    return start_of_file + segments + body + bytes(headers_at - start - len(body)) + headers
