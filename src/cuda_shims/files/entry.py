"""
Entries: the files and links that should be on disk. Pure.

The classes use slots: a start of Python that imports them has no time for named tuples.
"""

from __future__ import annotations


class Row:
    """Fields that are compared and shown by their values."""

    __slots__: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Name the fields."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __eq__(self, other: object) -> bool:
        """Tell whether the other object has the same type and the same values."""
        return isinstance(other, type(self)) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        """Follow :meth:`__eq__`."""
        return hash(tuple(self.as_dict().values()))

    def __repr__(self) -> str:
        """Show it, for a failed test."""
        values = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"{type(self).__name__}({values})"


class Entry(Row):
    """One thing that should be on disk: a symbolic link, a file, or a hard link to an existing file."""

    __slots__ = ("data", "hard", "link", "mode", "path")

    def __init__(
        self, path: str, link: str | None, data: bytes = b"", mode: int = 0o644, hard: str | None = None
    ) -> None:
        """
        Describe it.

        :param path: relative to the folder of the list, with ``/``
        :param link: the text of the link, or ``None`` for a file; for a hard link, the text of the symbolic link that
            replaces it where none can be made
        :param data: a file's content
        :param mode: a file's permission bits
        :param hard: the absolute path of the file that a hard link points to

        """
        self.path = path
        self.link = link
        self.data = data
        self.mode = mode
        self.hard = hard
