"""The messages of ``install`` and ``uninstall`` about what they did."""

from __future__ import annotations

from collections.abc import Sequence

from cuda_shims.cli.output import Output
from cuda_shims.files.action import CONFLICT, CREATE, KEEP, REMOVE, REPLACE, Change


def report(changes: Sequence[Change], output: Output, *, dry_run: bool, modules: Sequence[Change] = ()) -> int:
    """Print the changes, those of ``modules`` as one line, and return the exit code: 1 if a file was not touched."""
    words = {CREATE: "created", REPLACE: "replaced", REMOVE: "removed", KEEP: "unchanged"}
    if dry_run:
        words |= {CREATE: "would create", REPLACE: "would replace", REMOVE: "would remove"}
    lines = []
    for change in changes:
        word = words.get(change.kind, "left alone")
        if change not in modules and (change.kind != KEEP or output.level > 0):
            lines.append(f"{word} {change.path}" + (f" ({change.note})" if change.note else ""))
    if modules:  # a hundred lines that nobody reads
        lines.append(f"{words[REMOVE]} cuda-shims itself, {len(modules)} files (-v lists them)")
    conflicts = [change for change in changes if change.kind == CONFLICT]
    if not conflicts and all(change.kind == KEEP for change in changes):
        lines.append("nothing to do: everything is as it should be" if changes else "there is nothing to remove")
    shown = lines if output.level >= 0 else []
    output.answer({"dry_run": dry_run, "changes": [change.as_dict() for change in changes]}, *shown)
    files = [change for change in conflicts if change.what not in {"root", "package"}]
    if files:
        output.remark(f"cuda-shims: {len(files)} file(s) are not ours and stay; --force overrides this", -1)
    elif conflicts:
        output.remark(f"cuda-shims: {conflicts[0].path} stays: {conflicts[0].note}", -1)
    return 1 if conflicts else 0
