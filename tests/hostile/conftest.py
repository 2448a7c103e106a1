"""The fixtures of the tests on made-up toolkits."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("shell_support", "shim_support")

from made_up import call, commands, hook, new_prefix, on_windows, plain_environment, prefix, shell  # noqa: E402, F401
