"""The pictures of the pages show what cuda-shims does with NVIDIA's wheels today."""

from __future__ import annotations

import sys

from checkout import CHECKOUT


def test_they_are_what_comes_out(world, scratch):
    script = CHECKOUT / "scripts/pages/pictures.py"
    world.run(sys.executable, script, "--check", "--wheel", world.wheel, env=world.environ(TMPDIR=scratch))
