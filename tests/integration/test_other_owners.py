"""Who may uninstall other packages of an environment may uninstall us, whoever started Python there first."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from fake_toolkit import write_toolkit
from teams import MATE, OTHER, OWNER, TEAM, Team, public_copy

PIP = "newest pip"


@pytest.fixture(scope="module")
def public(house, cuda_shims_wheel, later_wheel):
    """Return a folder that all users can read, and what is copied there."""
    if os.geteuid() != 0:
        pytest.skip("needs root, who can be other users")
    folder = tempfile.mkdtemp(prefix="cuda-shims-users-", dir="/tmp")  # pytest's own is closed to them
    os.chmod(folder, 0o755)  # noqa: S103
    yield folder, public_copy(folder, house, (cuda_shims_wheel, later_wheel))
    shutil.rmtree(folder)


@pytest.fixture
def new_team(public, toolkit):
    """Give a function that makes an environment with a toolkit and cuda-shims, in which no Python has started."""

    def make():
        folder = tempfile.mkdtemp(dir=public[0])
        os.chmod(folder, 0o755)  # noqa: S103
        house, wheels, uv = public[1]
        team = Team(folder, house, wheels)
        team.install(*toolkit())
        team.before = team.files()
        team.install("cuda-shims")
        team.uv = uv
        return team

    return make


def alone(team):
    """Nobody but the owner has started Python there."""
    team.give(OWNER)
    team.home_of_toolkit(OWNER)
    return {}


def sudo(team):
    """The owner's environment, in which the superuser starts Python first: ``sudo venv/bin/python``."""
    team.give(OWNER)
    team.home_of_toolkit(0)
    return {}


def sudo_with_home(team):
    """As before with the caller's HOME, which sudo keeps on some systems."""
    team.give(OWNER)
    home = os.path.join(team.folder, f"home-{OWNER}")
    os.mkdir(home, 0o755)
    os.chown(home, OWNER, OWNER)
    team.home_of_toolkit(0, HOME=home, XDG_CACHE_HOME=f"{home}/cache")
    return {}


def team_mate(team, **more):
    """A setgid folder of a team's, in which another member starts Python first."""
    who = {"groups": [TEAM], "umask": 0o002, **more}
    team.give(OWNER, TEAM)
    team.share()
    team.home_of_toolkit(MATE, **who)
    return who


def team_owner(team, **more):
    """The same, and the owner starts Python first; then another member changes the environment."""
    who = {"groups": [TEAM], "umask": 0o002, **more}
    team.give(OWNER, TEAM)
    team.share()
    team.home_of_toolkit(OWNER, **who)
    return {**who, "uid": MATE}


#: with this umask what Python compiles is for its owner alone to remove, whoever's package it is
STRICT = {"umask": 0o022, "PYTHONDONTWRITEBYTECODE": "1"}
#: who started Python first
CASES = {
    "owner": alone,
    "sudo": sudo,
    "sudo -E": sudo_with_home,
    "team mate": team_mate,
    "team mate, umask 022": lambda team: team_mate(team, **STRICT),
    "team owner": team_owner,
    "team owner, umask 022": lambda team: team_owner(team, **STRICT),
}


def uv(team, *words, install=False):
    where = ["--offline", "--no-deps", "--link-mode", "copy"] if install else []
    return [team.uv, "pip", words[0], "-q", "-p", team.python, *where, *words[1:]]


def pip(team, *words):
    return [team.python, os.path.join(team.house, PIP, "pip"), *words, "-q", "--disable-pip-version-check"]


#: how the environment is changed -> the command, and whether cuda-shims is there after it
CHANGES = {
    "uv pip uninstall": (lambda team: uv(team, "uninstall", "cuda-shims"), False),
    "uv --reinstall": (lambda team: uv(team, "install", "--reinstall", team.wheel, install=True), True),
    "uv -U": (lambda team: uv(team, "install", "-U", team.later, install=True), True),
    "pip uninstall": (lambda team: pip(team, "uninstall", "--yes", "cuda-shims"), False),
    "pip -U": (lambda team: pip(team, "install", "--no-index", "--no-deps", "-U", team.later), True),
    "cuda-shims uninstall": (lambda team: [team.python, "-m", "cuda_shims", "uninstall"], False),
}


#: all six where Python was started by each kind of user; of the two kinds of uninstallers one where it is a variant
CELLS = [
    (case, change)
    for case in CASES
    for change in CHANGES
    if case in {"owner", "sudo", "team mate", "team owner"} or change in {"uv pip uninstall", "pip -U"}
]


@pytest.mark.parametrize(
    ("case", "change"),
    [
        each if "pip" in each[1].split()[0] or each[0] == "team mate" else pytest.param(*each, marks=pytest.mark.matrix)
        for each in CELLS
    ],
)
def test_changed_by_who_may(new_team, case, change):
    team = new_team()
    who = CASES[case](team)
    uid = who.pop("uid", OWNER)
    command, stays = CHANGES[change]
    done = team.attempt(uid, *command(team), **who)
    assert done.returncode == 0, done.stdout + done.stderr
    # pip moves what it cannot remove to a name of this kind
    assert [name for name in os.listdir(team.site) if name.startswith("~")] == []
    if stays:
        assert team.home_of_toolkit(uid, **who)
        assert team.as_user(uid, f"{team.bin}/nvcc", **who).endswith("/bin/nvcc\0")
    else:
        left = {path for path in team.files() if "__pycache__" not in path}
        assert left == {path for path in team.before if "__pycache__" not in path}


@pytest.mark.parametrize("case", [case for case in CASES if "team owner" not in case])
def test_removed_as_a_folder(new_team, case):
    """``rm -rf venv``, by who made it; also what Python compiled at a start that nobody asked to import anything."""
    team = new_team()
    who = CASES[case](team)
    os.chmod(team.folder, 0o1777)  # noqa: S103 # who owns the environment may remove its folder
    done = team.attempt(OWNER, "rm", "-rf", team.path, **who)
    assert (done.returncode, done.stderr) == (0, "")
    assert not os.path.lexists(team.path)


@pytest.mark.parametrize("case", CASES)
def test_upgraded_by_who_may(new_team, toolkit, case):
    """A root that another user made is no reason why an upgrade of the toolkit is not seen."""
    team = new_team()
    who = CASES[case](team)
    uid = who.pop("uid", OWNER)
    words = ["install", "--find-links", team.house, "--no-index", *toolkit("13.4.92")]
    team.as_user(uid, *uv(team, *words, install=True), **who)
    home = team.home_of_toolkit(uid, **who)
    with open(f"{home}/version.txt", encoding="utf-8") as file:
        assert "13.4.92" in file.read()
    if uid == OWNER:
        # not a second one in the cache: then one for each user of the environment would follow
        assert home.startswith(f"{team.site}/")
        assert team.home_of_toolkit(OTHER) == home


def by_hook(team):
    team.home_of_toolkit(0, umask=0o077)


def by_shim(team):
    team.as_user(0, f"{team.bin}/nvcc", umask=0o077)


def by_install(team):
    team.as_user(0, team.python, "-m", "cuda_shims", "install", umask=0o077)


@pytest.mark.parametrize("readers", ["all", "group"])
@pytest.mark.parametrize("first", [by_hook, by_shim, by_install])
def test_an_admin_with_a_strict_umask(new_team, first, readers):
    """Shared software, in which the superuser, whose umask is 077, is the first to start anything."""
    team = new_team()
    write_toolkit(team.site, components=("nvidia-cuda-cuobjdump",))
    if readers == "group":
        team.give(0, TEAM)
        for top, _, files in os.walk(team.path):
            for path in (top, *(os.path.join(top, name) for name in files)):
                if not os.path.islink(path):
                    os.chmod(path, os.stat(path).st_mode & ~0o027)
    first(team)
    by_install(team)
    home = team.home_of_toolkit(MATE, groups=[TEAM])
    assert home.startswith(f"{team.site}/")
    assert team.as_user(MATE, f"{team.bin}/nvcc", groups=[TEAM]).rstrip("\0") == f"{home}/bin/nvcc"
    assert team.as_user(MATE, f"{team.bin}/cuobjdump", groups=[TEAM]).rstrip("\0") == f"{home}/bin/cuobjdump"
    for name in ("include/cuda.h", "lib64/stubs/libcuda.so", "lib64/libcudart.so", "version.json"):
        team.as_user(MATE, "head", "-c1", f"{home}/{name}", groups=[TEAM])
    assert team.as_user(MATE, team.python, "-m", "cuda_shims", "root", groups=[TEAM]) == home


def test_a_stranger_gets_no_say(new_team):
    """The guard of the above: that the group may write is so only where it may write to all of the environment."""
    team = new_team()
    team.give(OWNER, TEAM)
    home = team.home_of_toolkit(0)
    for top, folders, files in os.walk(os.path.join(team.site, "cuda_shims_toolkit")):
        for path in (os.path.join(top, name) for name in (".", *folders, *files)):
            assert os.path.islink(path) or not os.stat(path).st_mode & 0o022, path
    assert home.startswith(team.site)
    done = team.attempt(MATE, *uv(team, "uninstall", "cuda-shims"), groups=[TEAM])
    assert done.returncode != 0
    assert team.home_of_toolkit(OWNER) == home
