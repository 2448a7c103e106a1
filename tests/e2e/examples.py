"""The table of all projects below docs/examples; ``test_examples.py`` builds each of them."""

from __future__ import annotations

from example_support import Example

EXAMPLES = (Example("scikit-build-core", "CMake: the language (scikit-build-core)", "vector_ops"),)
