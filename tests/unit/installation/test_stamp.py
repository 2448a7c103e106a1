"""What a start of Python writes beside a root."""

from __future__ import annotations

import os

from fake_toolkit import COMPILER
from roots import make_root

from _cuda_shims.places import Place
from cuda_shims.installation import refresh


def test_a_shim_of_the_wheel_that_is_missing_is_not_made(prefix):
    """It may be one that is being uninstalled. Those that the wheel does not bring are."""
    prefix.toolkit(components=[*COMPILER, "nvidia-cuda-cuobjdump"])
    prefix.ours()
    os.unlink(f"{prefix.bin}/ptxas")
    make_root(prefix.site)
    assert not os.path.lexists(f"{prefix.bin}/ptxas")
    assert os.access(f"{prefix.bin}/cuobjdump", os.X_OK)
    with open(f"{prefix.bin}/nvcc", encoding="utf-8") as file:
        assert "# toolkit: 13.5.37\n" in file.read()


def stamped(prefix):
    """Return the line of nvcc's shim."""
    with open(os.path.join(prefix.bin, "nvcc"), encoding="utf-8") as file:
        return file.read().splitlines()[2]


def test_every_toolkit_beside_it(prefix):
    for version in ("13.5.37", "14.0.1"):
        prefix.toolkit(version)
    prefix.ours()
    for major in (13, 14):
        make_root(prefix.site, major)
        assert stamped(prefix) == "# toolkit: 14.0.1, 13.5.37"


def test_nothing_that_another_directory_has(new_prefix):
    """Of a root of several directories: a shim runs what it finds by its own place."""
    own, other = new_prefix("own"), new_prefix("other")
    own.toolkit()
    own.ours()
    other.toolkit(components=[*COMPILER, "nvidia-cuda-cuobjdump"])
    refresh.make_root(Place(own.site, 13, (own.site, other.site)))
    assert stamped(own) == "# toolkit: 13.5.37"
    assert not os.path.lexists(os.path.join(own.bin, "cuobjdump"))
    own.toolkit(components=["nvidia-cuda-cuobjdump"])
    make_root(own.site)
    assert os.path.lexists(os.path.join(own.bin, "cuobjdump"))
