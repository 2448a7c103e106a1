"""DLLs for Windows, written byte by byte, and a reader of import libraries, which shares no code with ours."""

from __future__ import annotations

import struct

X64, ARM64 = 0x8664, 0xAA64
#: where the sections are in memory; of the last one, which alone has content, the distance from its place in the file
TEXT, DATA, TABLE = 0x1000, 0x2000, 0x3000
SHIFT = TABLE - 0x200
_CODE, _READABLE = 0x60000020, 0x40000040


def write_dll(names, machine=X64, data=(), forwarded=(), unnamed=0, dll=b"x.dll"):
    """
    Write a DLL with an export table, and nothing else.

    :param names: of its functions
    :param machine: of the PE header
    :param data: names that are data
    :param forwarded: names that are another DLL's
    :param unnamed: how many functions have a number alone
    :param dll: what it calls itself

    """
    exported = sorted([*names, *data, *forwarded])
    count = len(exported)
    functions_at = TABLE + 40
    names_at = functions_at + 4 * (count + unnamed)
    ordinals_at = names_at + 4 * count
    at = ordinals_at + 2 * count
    strings, pointers, addresses = dll + b"\0", [], []
    for name in exported:
        pointers.append(at + len(strings))
        strings += name + b"\0"
    for name in exported:
        if name in forwarded:
            addresses.append(at + len(strings))
            strings += b"other." + name + b"\0"
        else:
            addresses.append((DATA if name in data else TEXT) + 16)
    addresses = [TEXT] * unnamed + addresses
    table = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, at, 1, len(addresses), count, functions_at, names_at, ordinals_at)
    table += struct.pack(f"<{len(addresses)}I{count}I", *addresses, *pointers)
    table += struct.pack(f"<{count}H", *range(unnamed, unnamed + count)) + strings
    sections = b"".join(
        struct.pack("<8sIIIIIIHHI", name, 0x400, start, size, at, 0, 0, 0, 0, flags)
        for name, start, size, at, flags in (
            (b".text", TEXT, 0, 0, _CODE),
            (b".data", DATA, 0, 0, _READABLE),
            (b".edata", TABLE, len(table), TABLE - SHIFT, _READABLE),
        )
    )
    optional = struct.pack("<H", 0x20B) + bytes(106) + struct.pack("<III", 16, TABLE, len(table)) + bytes(120)
    header = b"PE\0\0" + struct.pack("<HHIIIHH", machine, 3, 0, 0, 0, len(optional), 0x2022)
    start = b"MZ" + bytes(58) + struct.pack("<I", 64) + header + optional + sections
    return start.ljust(TABLE - SHIFT, b"\0") + table


class ImportLibrary:
    """What an import library says."""

    def __init__(self, data):
        """Read it."""
        assert data[:8] == b"!<arch>\n"
        self.indices, self.names, self.members = [], b"", {}
        at = 8
        while at < len(data):
            header = data[at : at + 60]
            assert header[58:] == b"`\n"
            size = int(header[48:58])
            content = data[at + 60 : at + 60 + size]
            name = header[:16].rstrip()
            if name == b"/":
                self.indices.append(content)
            elif name == b"//":
                self.names = content
            else:
                self.members[at] = (self._name(name), content)
            at += 60 + size + size % 2
        assert at == len(data)

    def _name(self, name):
        if name[1:].isdigit():
            return self.names[int(name[1:]) :].partition(b"\0")[0]
        return name.removesuffix(b"/")

    def first_index(self):
        """List (symbol, member's offset) of the first linker member."""
        index = self.indices[0]
        (count,) = struct.unpack_from(">I", index)
        offsets = struct.unpack_from(f">{count}I", index, 4)
        return list(zip(index[4 + 4 * count :].split(b"\0"), offsets))

    def second_index(self):
        """List (symbol, member's offset) of the second linker member."""
        index = self.indices[1]
        (members,) = struct.unpack_from("<I", index)
        offsets = struct.unpack_from(f"<{members}I", index, 4)
        (count,) = struct.unpack_from("<I", index, 4 + 4 * members)
        numbers = struct.unpack_from(f"<{count}H", index, 8 + 4 * members)
        return list(zip(index[8 + 4 * members + 2 * count :].split(b"\0"), (offsets[number - 1] for number in numbers)))

    def imports(self):
        """List (name, DLL, machine, number in the DLL's table, type) of what is imported."""
        found = []
        for _, content in self.members.values():
            if content[:4] == b"\0\0\xff\xff":
                _, machine, _, size, hint, kind = struct.unpack_from("<HHIIHH", content, 4)
                assert size == len(content) - 20
                name, dll, end = content[20:].split(b"\0")
                assert end == b""
                found.append((name, dll, machine, hint, kind))
        return found

    def objects(self):
        """Return the objects that head the tables."""
        return [content for _, content in self.members.values() if content[:4] != b"\0\0\xff\xff"]


def read_object(data):
    """Return an object's sections, name to (content, its relocations), and symbols, name to (value, section, class)."""
    _, count, _, symbols_at, symbol_count, optional, _ = struct.unpack_from("<HHIIIHH", data)
    assert optional == 0
    strings = data[symbols_at + 18 * symbol_count :]
    assert struct.unpack_from("<I", strings) == (len(strings),)
    names, symbols, sections = [], {}, {}
    for at in range(symbols_at, symbols_at + 18 * symbol_count, 18):
        short, value, section, _, kind, _ = struct.unpack_from("<8sIhHBB", data, at)
        place = struct.unpack("<II", short)
        name = strings[place[1] :].partition(b"\0")[0] if place[0] == 0 else short.rstrip(b"\0")
        names.append(name)
        symbols[name] = (value, section, kind)
    for at in range(20, 20 + 40 * count, 40):
        name, _, _, size, content_at, relocations_at, _, number, _, flags = struct.unpack_from("<8sIIIIIIHHI", data, at)
        places = range(relocations_at, relocations_at + 10 * number, 10)
        found = [struct.unpack_from("<IIH", data, each) for each in places]
        relocations = {where: (names[symbol], kind) for where, symbol, kind in found}
        sections[name] = (data[content_at : content_at + size], relocations, flags)
    return sections, symbols
