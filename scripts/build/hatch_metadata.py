"""
Hatchling metadata hook: the description and the links that PyPI shows, which has none of the checkout's files.

``repository`` of this hook's table in ``pyproject.toml`` is the one place that names the repository. While it is empty,
links to files of the checkout become plain text, and ``scripts/release/release.py`` refuses to make a release.
"""

from __future__ import annotations

import os
import re
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: a picture or a link of Markdown, to something that is neither an address nor a heading of the same page
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")


class DescriptionHook(MetadataHookInterface):
    """Turns README.md into what PyPI can show."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the description and the links."""
        with open(os.path.join(self.root, "README.md"), encoding="utf-8") as file:
            text = describe(file.read(), self.config["repository"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = list_urls(self.config["repository"])


def describe(text: str, repository: str) -> str:
    """
    Turn a page of the checkout into one that can be read anywhere.

    :param text: the page, in Markdown; its links begin at the checkout
    :param repository: the address of the repository, without a slash at its end, or nothing
    :returns: the page with whole addresses; without a repository pictures are left out and links are plain text

    """

    def replace(match: re.Match[str]) -> str:
        picture, label, target = match.groups()
        if not repository:
            return "" if picture else label
        # "HEAD" is a branch's name that GitHub and GitLab resolve: a release's text is that of its own time anyway
        return f"{picture}[{label}]({repository}/{'raw' if picture else 'blob'}/HEAD/{target})"

    return _LINK.sub(replace, text)


def list_urls(repository: str) -> dict[str, str]:
    """
    Name the pages that PyPI links to.

    :param repository: the address of the repository, or nothing
    :returns: label to address, with the labels of PyPA's list of well-known ones

    """
    pages = {
        "Source": "",
        "Documentation": "/blob/HEAD/docs/tutorial.md",
        "Changelog": "/blob/HEAD/CHANGELOG.md",
        "Issues": "/issues",
    }
    return {label: repository + path for label, path in pages.items()} if repository else {}
