"""
``NAME.lib`` to link with, for wheels for Windows that have only the DLL, written from the names that the DLL exports.

An import library gives a linker the DLL's name and the names that it exports, so no compiler is needed. From a DLL of
500 MB this reads only the headers and the export table.

Source: Microsoft's PE format (https://learn.microsoft.com/windows/win32/debug/pe-format): the PE headers, ``.edata``,
"Archive (library) file format", "Import library format". The format leaves the objects at the head of the import
tables open; they are as in the libraries of NVIDIA's wheels, which Microsoft's linker made.
"""

from __future__ import annotations

import errno
import os
import stat
import struct

from _cuda_shims import READ_FLAGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from io import FileIO

#: of the PE header: the folder of a toolkit's ``lib``, and the relocation by an address relative to the image
_MACHINES = {0x8664: ("x64", 3), 0xAA64: ("arm64", 2)}  # IMAGE_REL_AMD64_ADDR32NB, IMAGE_REL_ARM64_ADDR32NB
_MAGIC_PE32_PLUS, _IS_DLL, _IS_EXECUTABLE = 0x20B, 0x2000, 0x20000000
_COFF_HEADER = struct.Struct("<HHIIIHH")
_SECTION = struct.Struct("<8sIIIIIIHHI")
_EXPORTS = struct.Struct("<IIHHIIIIIII")
#: where the optional header of PE32+ has the number of its directories, and the first, which is that of the exports
_DIRECTORIES = 108
#: Windows loads no image with more sections
_MOST_SECTIONS = 96
#: the second linker member counts members in 16 bits, an export table functions
_MOST_NAMES, _MOST_FUNCTIONS = 0xFFFF - 3, 0x10000
#: the largest, of cuBLASLt, takes 0.3 MB
_LARGEST_TABLE = 16 * 1024 * 1024


class Exports:
    """The names that a DLL exports."""

    __slots__ = ("machine", "names")

    def __init__(self, machine: int, names: Sequence[tuple[bytes, bool]]) -> None:
        """
        Describe it.

        :param machine: of the PE header
        :param names: in the DLL's order, each with whether it is data

        """
        self.machine = machine
        self.names = names

    @property
    def folder(self) -> str:
        """The folder of a toolkit's ``lib`` that its import library belongs to: ``x64``, ``arm64``."""
        return _MACHINES[self.machine][0]


def read_exports(path: str) -> Exports:
    """
    Read what a DLL exports by name.

    An export in a section without code is data: nothing links with only its name, as with Microsoft's own import
    libraries. Exports that have only a number are left out.

    :param path: of the DLL
    :returns: its exports; none where it has no table of them
    :raises ValueError: when it is not a whole DLL for x86-64 or ARM64
    :raises OSError: when it cannot be read

    """
    descriptor = os.open(path, READ_FLAGS)
    with open(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "this is not a regular file", path)
        return _read(file)


def _at(file: FileIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    data = file.read(size)
    if len(data) != size:
        raise ValueError("the file is cut short")
    return data


def _read(file: FileIO) -> Exports:
    start = _at(file, 0, 64)
    (header_at,) = struct.unpack_from("<I", start, 60)
    header = _at(file, header_at, 4 + _COFF_HEADER.size)
    machine, count, _, _, _, size, flags = _COFF_HEADER.unpack_from(header, 4)
    if start[:2] != b"MZ" or header[:4] != b"PE\0\0" or not flags & _IS_DLL or machine not in _MACHINES:
        raise ValueError("this is not a DLL for x86-64 or ARM64")
    if size < _DIRECTORIES + 12 or count > _MOST_SECTIONS:
        raise ValueError("its headers have the wrong size")
    rest = _at(file, header_at + len(header), size + count * _SECTION.size)
    number, table, length = struct.unpack_from("<III", rest, _DIRECTORIES)
    if struct.unpack_from("<H", rest) != (_MAGIC_PE32_PLUS,):
        raise ValueError("this is not a 64-bit DLL")
    if not number or not length:
        return Exports(machine, ())
    sections = [_SECTION.unpack_from(rest, size + each * _SECTION.size) for each in range(count)]
    for _, _, address, raw, raw_at, *_ in sections:
        if address <= table and table + length <= address + raw and length <= _LARGEST_TABLE:
            code = [(row[2], row[2] + max(row[1], row[3])) for row in sections if row[9] & _IS_EXECUTABLE]
            # an export that forwards to another DLL has its name there, and counts as a function
            code.append((table, table + length))
            return Exports(machine, _names(_at(file, raw_at + table - address, length), table, code))
    raise ValueError("its export table is in none of its sections, or too large")


def _names(data: bytes, start: int, code: Sequence[tuple[int, int]]) -> list[tuple[bytes, bool]]:
    # all of the table lies between its first and its last byte: Microsoft's, LLVM's and GNU's linkers write it so
    if len(data) < _EXPORTS.size:
        raise ValueError("its export table is cut short")
    *_, functions, count, addresses_at, names_at, ordinals_at = _EXPORTS.unpack_from(data)
    if count > _MOST_NAMES or functions > _MOST_FUNCTIONS:
        raise ValueError("it exports more than an import library holds")
    if min(addresses_at, names_at, ordinals_at) < start and count:
        raise ValueError("the addresses in its export table are outside of it")
    try:
        addresses = struct.unpack_from(f"<{functions}I", data, addresses_at - start)
        pointers = struct.unpack_from(f"<{count}I", data, names_at - start)
        ordinals = struct.unpack_from(f"<{count}H", data, ordinals_at - start)
    except struct.error:
        raise ValueError("its export table is cut short") from None
    found = []
    total = 0
    for pointer, ordinal in zip(pointers, ordinals):
        end = data.find(b"\0", pointer - start) if pointer >= start else -1
        if end < 0 or ordinal >= functions:
            raise ValueError("an export has no name or no address")
        address = addresses[ordinal]
        name = data[pointer - start : end]
        total += len(name)
        if not name or total > len(data):  # names that share bytes: nobody's linker writes them
            raise ValueError("the names of its exports overlap")
        found.append((name, not any(first <= address < last for first, last in code)))
    return found


def library_name(dll: str) -> str:
    """
    Name the import library of a DLL as CUDA's installer does, without a version and ``64``.

    :param dll: the DLL's file name, e.g. ``cublas64_13.dll``, ``nvrtc64_130_0.dll``, ``cupti64_2026.3.1.dll``
    :returns: ``cublas``, ``nvrtc``, ``cupti``

    """
    stem = dll[: -len(".dll")].removesuffix(".alt")
    start = len(stem.rstrip("0123456789._"))
    bare, version, _ = stem[start:].partition("_")
    return (stem[:start] + bare).removesuffix("64") if version else stem


def import_library(dll: str, exports: Exports) -> bytes:
    """
    Write the import library of a DLL: the same bytes for the same names.

    :param dll: the DLL's file name, which a program that is linked with it loads
    :param exports: what it exports
    :returns: the content of the ``.lib`` file

    """
    name = dll.encode()
    head = _descriptors(name, exports.machine)
    # each member's content, and the symbols that a linker finds it by
    members: list[tuple[bytes, tuple[bytes, ...]]] = [(data, (symbol,)) for symbol, data in head]
    tail = name + b"\0"
    for hint, (symbol, is_data) in enumerate(exports.names):
        if symbol == _ENTRY:
            continue
        strings = symbol + b"\0" + tail
        # signature, version, machine, time, size, hint; then the type (code: 0, data: 1), and 4 for "import by name"
        row = (0, 0xFFFF, 0, exports.machine, 0, len(strings), hint, 4 | is_data)
        found = b"__imp_" + symbol
        members.append((_SHORT.pack(*row) + strings, (found,) if is_data else (found, symbol)))
    return _archive(name, members)


#: nvperf_host.dll exports it: a DLL that is linked with that would export it itself
_ENTRY = b"DllMain"
_SHORT = struct.Struct("<HHHHIIHH")
_SYMBOL = struct.Struct("<8sIhHBB")
_RELOCATION = struct.Struct("<IIH")
_EXTERNAL, _STATIC, _SECTION_SYMBOL = 2, 3, 0x68
#: initialised data, read and written; with its alignment in the bits above
_DATA = 0xC0000040
_ALIGN = {2: 0x00200000, 4: 0x00300000, 8: 0x00400000}
_NULL_DESCRIPTOR = b"__NULL_IMPORT_DESCRIPTOR"
#: what a symbol has room for; of a longer name it has the place among the strings, and so has a member of an archive
_LONGEST_HERE, _LONGEST_MEMBER = 8, 15


def _descriptors(dll: bytes, machine: int) -> list[tuple[bytes, bytes]]:
    # The linker sorts sections by what follows the $: .idata$2 is a DLL's row in the import directory, $3 the empty row
    # that ends it, $4 and $5 its tables of names and of addresses, $6 its name. A short import brings its rows in $4
    # and $5; it refers to the descriptor of its DLL, and that to the two that end the tables
    own = b"__IMPORT_DESCRIPTOR_" + dll.rpartition(b".")[0]
    thunks = b"\x7f" + dll.rpartition(b".")[0] + b"_NULL_THUNK_DATA"
    relocation = _MACHINES[machine][1]
    name = dll + b"\0" * (2 - len(dll) % 2)
    row = bytes(20)
    # at 12 the address of the name, at 0 that of the table of names, at 16 that of addresses; by the symbols' numbers
    to = b"".join(_RELOCATION.pack(at, symbol, relocation) for at, symbol in ((12, 2), (0, 3), (16, 4)))
    descriptor = _object(
        machine,
        ((b".idata$2", 4, row, to), (b".idata$6", 2, name, b"")),
        (
            (own, 0, 1, _EXTERNAL),
            (b".idata$2", _DATA, 1, _SECTION_SYMBOL),
            (b".idata$6", 0, 2, _STATIC),
            (b".idata$4", _DATA, 0, _SECTION_SYMBOL),
            (b".idata$5", _DATA, 0, _SECTION_SYMBOL),
            (_NULL_DESCRIPTOR, 0, 0, _EXTERNAL),
            (thunks, 0, 0, _EXTERNAL),
        ),
    )
    last_row = _object(machine, ((b".idata$3", 4, row, b""),), ((_NULL_DESCRIPTOR, 0, 1, _EXTERNAL),))
    ends = ((b".idata$5", 8, bytes(8), b""), (b".idata$4", 8, bytes(8), b""))
    last_thunk = _object(machine, ends, ((thunks, 0, 1, _EXTERNAL),))
    return [(own, descriptor), (_NULL_DESCRIPTOR, last_row), (thunks, last_thunk)]


def _object(
    machine: int,
    sections: Sequence[tuple[bytes, int, bytes, bytes]],
    symbols: Sequence[tuple[bytes, int, int, int]],
) -> bytes:
    # sections are (name, alignment, content, relocations), symbols (name, value, number of the section, class)
    at = _COFF_HEADER.size + len(sections) * _SECTION.size
    headers = body = b""
    for name, align, data, relocations in sections:
        place = at + len(body)
        count = len(relocations) // _RELOCATION.size
        there = place + len(data) if count else 0
        headers += _SECTION.pack(name, 0, 0, len(data), place, there, 0, count, 0, _DATA | _ALIGN[align])
        body += data + relocations
    table, strings = b"", b""
    for name, value, section, kind in symbols:
        if len(name) > _LONGEST_HERE:
            name, strings = struct.pack("<II", 0, 4 + len(strings)), strings + name + b"\0"  # noqa: PLW2901
        table += _SYMBOL.pack(name, value, section, 0, kind, 0)
    start = _COFF_HEADER.pack(machine, len(sections), 0, at + len(body), len(symbols), 0, 0)
    return start + headers + body + table + struct.pack("<I", 4 + len(strings)) + strings


def _archive(name: bytes, members: Sequence[tuple[bytes, Sequence[bytes]]]) -> bytes:
    # two indices of the symbols, in the members' order and in that of the names, the long name, then the members
    symbols = [(symbol, number) for number, (_, found) in enumerate(members) for symbol in found]
    ordered = sorted(symbols)
    strings = b"".join(symbol + b"\0" for symbol, _ in symbols)
    index_size = 4 + 4 * len(symbols) + len(strings)
    sorted_size = 8 + 4 * len(members) + 2 * len(symbols) + len(strings)
    long_name = b"" if len(name) <= _LONGEST_MEMBER else name + b"\0"
    said = b"/0" if long_name else name + b"/"
    at = 8 + _padded(index_size) + _padded(sorted_size) + (_padded(len(long_name)) if long_name else 0)
    offsets = []
    for data, _ in members:
        offsets.append(at)
        at += _padded(len(data))
    index = struct.pack(f">{len(symbols) + 1}I", len(symbols), *(offsets[number] for _, number in symbols)) + strings
    second = struct.pack(f"<{len(members) + 1}I", len(members), *offsets)
    second += struct.pack(f"<I{len(ordered)}H", len(ordered), *(number + 1 for _, number in ordered))
    second += b"".join(symbol + b"\0" for symbol, _ in ordered)
    parts = [b"!<arch>\n", *_member(b"/", index), *_member(b"/", second)]
    parts += _member(b"//", long_name) if long_name else ()
    for data, _ in members:
        parts += _member(said, data)
    return b"".join(parts)


def _padded(size: int) -> int:
    return 60 + size + size % 2


def _member(name: bytes, data: bytes) -> Iterable[bytes]:
    # name, time, user, group, mode, size: of the times and owners nothing is said
    return b"%-16s%-12d%-6s%-6s%-8d%-10d`\n" % (name, 0, b"", b"", 0, len(data)), data, b"\n" * (len(data) % 2)
