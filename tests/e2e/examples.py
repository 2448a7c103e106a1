"""The table of all projects below docs/examples; ``test_examples.py`` builds each of them."""

from __future__ import annotations

from example_support import Example

EXAMPLES = (
    Example("scikit-build-core", "CMake: the language (scikit-build-core)", "vector_ops"),
    Example("make", "make", "histogram", programs=(("make", "make"),)),
    Example("ninja", "ninja", "transpose"),
    Example(
        "pkg-config",
        "pkg-config and make",
        "random_walk",
        needed=frozenset({"libcudart.so.13", "libcurand.so.10"}),
        device_code=False,
        programs=(("make", "make"), ("pkg-config", "pkg-config")),
    ),
)
