"""
The site of these pages, as Sphinx makes it: ``tox -e docs``.

The pages are Markdown for a code host first, so what a site wants besides is here and not in them: a folder that is
linked to stands for its README.md, and what lies above ``docs`` (README.md, CHANGELOG.md) has a page that holds it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_HERE = os.path.dirname(os.path.abspath(__file__))
_CHECKOUT = os.path.dirname(_HERE)
#: the pages for what lies above
_ABOVE = {"README.md": "index.md", "CHANGELOG.md": "changelog.md"}
#: what a page ends with on the site alone: a code host would show the directive
_DOCSTRINGS = {
    "reference/python": """
## In detail

```{eval-rst}
.. currentmodule:: cuda_shims
.. autofunction:: find_toolkits
.. autoclass:: Toolkit()
   :class-doc-from: both
   :members:
.. autofunction:: variables
.. autofunction:: install
.. autofunction:: uninstall
.. autoclass:: cuda_shims.files.action.Change()
   :class-doc-from: both
.. autoexception:: CudaShimsError()
   :members: exit_code
.. autoexception:: BadEnvironmentError()
   :class-doc-from: both
.. autoexception:: ConfigError()
   :class-doc-from: both
.. autoexception:: NotWritableError()
.. autoexception:: ToolNotFoundError()
   :class-doc-from: both
.. autoexception:: ToolkitNotFoundError()
   :class-doc-from: both
```
"""
}
#: what has pages below it, in the list at the left. Not in the page itself: a code host would show it
_BELOW = {"examples/README": "*/README"}


def _version() -> str:
    with open(os.path.join(_CHECKOUT, "src", "cuda_shims", "version.py"), encoding="utf-8") as file:
        return re.findall(r'^__version__ = "(.*)"$', file.read(), re.MULTILINE)[0]


project = "cuda-shims"
author = "cuda-shims developers"
version = release = _version()

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
nitpicky = True
# the one type of the Python API that nobody needs to name: by default it is the environment of the process
nitpick_ignore = [("py:class", "Environment")]
myst_heading_anchors = 4  # by the rule of code hosts, which scripts/pages/docs.py checks too
myst_links_external_new_tab = False

smartquotes = False  # they make a dash of --target and curly quotes of dependency('cuda')

html_theme = "furo"
html_title = f"cuda-shims {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_search_scorer = os.path.join(_HERE, "search.js")
# the commands without their prompts and without what they print
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

linkcheck_timeout = 20
# text that GitHub's pages have only after their JavaScript has run
linkcheck_anchors_ignore_for_url = [r"https://github\.com/.*"]


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Make the site's text of a page's: what Sphinx calls ``source-read``."""
    text = source[0]
    folder = os.path.dirname(str(app.env.doc2path(docname)))
    # a line that is nothing but a link to a file above: the file itself, whose links begin at the checkout
    for name in re.findall(r"^\[[^\]]*\]\(\.\./([^/)]+\.md)\)$", text, re.MULTILINE):
        with open(os.path.join(_CHECKOUT, name), encoding="utf-8") as file:
            whole = file.read().replace("](docs/", "](")
        text = re.sub(rf"^\[[^\]]*\]\(\.\./{re.escape(name)}\)$", lambda _: whole, text, flags=re.MULTILINE)  # noqa: B023
    if docname in _BELOW:
        text += f"\n```{{toctree}}\n:hidden:\n:glob:\n\n{_BELOW[docname]}\n```\n"

    text += _DOCSTRINGS.get(docname, "")

    def target(match: re.Match[str]) -> str:
        path, anchor = match.group(1), match.group(2) or ""
        full = os.path.normpath(os.path.join(folder, path))
        if os.path.isfile(os.path.join(full, "README.md")) and full.startswith(_HERE + os.sep):
            return f"]({path.rstrip('/')}/README.md{anchor})"
        above = _ABOVE.get(os.path.relpath(full, _CHECKOUT))
        return f"]({os.path.relpath(os.path.join(_HERE, above), folder)}{anchor})" if above else match.group()

    source[0] = re.sub(r"\]\(([^)#:\s]+)(#[^)\s]*)?\)", target, text)


def setup(app: Sphinx) -> None:
    """Register what is done to each page."""
    app.connect("source-read", _read)
