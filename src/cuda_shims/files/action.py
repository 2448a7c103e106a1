"""The steps that change what is on disk. Pure."""

from __future__ import annotations

from cuda_shims.files.entry import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.files.entry import Entry

#: the kinds of an action; ``conflict`` does nothing, because the file belongs to somebody else
CREATE, REPLACE, KEEP, REMOVE, CONFLICT = "create", "replace", "keep", "remove", "conflict"


class Action(Row):
    """One step of a plan."""

    __slots__ = ("digest", "entry", "kind", "path")

    def __init__(self, kind: str, path: str, entry: Entry | None, digest: str) -> None:
        """
        Describe it.

        :param kind: what it does, e.g. :data:`CREATE`
        :param path: relative to the plan's folder
        :param entry: what to put there; ``None`` if nothing
        :param digest: what the ledger will say about it; empty if the ledger drops the path

        """
        self.kind = kind
        self.path = path
        self.entry = entry
        self.digest = digest


class Change(Row):
    """Something that install or uninstall did, would do, or could not do."""

    __slots__ = ("kind", "what", "path", "note")  # noqa: RUF023 # the order in which they are shown

    def __init__(self, kind: str, what: str, path: str, note: str = "") -> None:
        """
        Describe a change.

        :param kind: ``create``, ``replace``, ``keep``, ``remove`` or ``conflict`` (nothing was done: see the note)
        :param what: ``root``, ``shim``, ``hook``, ``file`` or ``package``
        :param path: its path
        :param note: more for a reader, such as the owner of a file or the number of entries of a root

        """
        self.kind = kind
        self.what = what
        self.path = path
        self.note = note
