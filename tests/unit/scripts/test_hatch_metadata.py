"""What PyPI shows: README.md without a link that leads nowhere there."""

from __future__ import annotations

import re
import sys
from types import ModuleType, SimpleNamespace

import pytest
from checkout import CHECKOUT
from script_support import load_script

REPOSITORY = "https://code.example/owner/name"


@pytest.fixture
def hook(monkeypatch):
    """The script; hatchling, which runs it, is not wanted for what it does."""
    for name in ("hatchling", "hatchling.metadata", "hatchling.metadata.plugin", "hatchling.metadata.plugin.interface"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["hatchling.metadata.plugin.interface"].MetadataHookInterface = SimpleNamespace
    return load_script("build/hatch_metadata")


@pytest.mark.parametrize(
    ("text", "whole", "plain"),
    [
        ("[a page](docs/tutorial.md)", f"[a page]({REPOSITORY}/blob/HEAD/docs/tutorial.md)", "a page"),
        ("[a](docs/a.md#b) [c](d)", f"[a]({REPOSITORY}/blob/HEAD/docs/a.md#b) [c]({REPOSITORY}/blob/HEAD/d)", "a c"),
        ("x ![a picture](docs/x.svg)", f"x ![a picture]({REPOSITORY}/raw/HEAD/docs/x.svg)", "x "),
        ("[two\nlines](docs/a.md)", f"[two\nlines]({REPOSITORY}/blob/HEAD/docs/a.md)", "two\nlines"),
        ("[else](https://x.example/y)", "[else](https://x.example/y)", "[else](https://x.example/y)"),
        ("[mail](mailto:a@b.example) [here](#tests)",) + ("[mail](mailto:a@b.example) [here](#tests)",) * 2,
        ("a[0](1)", f"a[0]({REPOSITORY}/blob/HEAD/1)", "a0"),
    ],
)
def test_links(hook, text, whole, plain):
    assert hook.describe(text, REPOSITORY) == whole
    assert hook.describe(text, "") == plain


@pytest.mark.parametrize("repository", ["", REPOSITORY])
def test_our_own_page(hook, repository):
    metadata = {}
    hook.DescriptionHook(root=str(CHECKOUT), config={"repository": repository}).update(metadata)
    text = metadata["readme"]["text"]
    targets = re.findall(r"\]\(([^)]*)\)", text)
    assert [each for each in targets if not each.startswith(("https://", "#"))] == []
    assert bool(targets) is bool(repository)
    assert not re.search(r"<(img|a)\b", text)
    assert metadata["urls"] == hook.list_urls(repository)
    assert all(each.startswith(repository) for each in metadata["urls"].values())
    assert bool(metadata["urls"]) is bool(repository)
