"""The metadata of what is installed, and of what a user names."""

from __future__ import annotations

import os
import zipfile

import pytest
from cuda_metadata import metadata
from fake_toolkit import write, write_distribution

from cuda_shims.environment.metadata import Installed, is_path, read_metadata
from cuda_shims.errors import UnreadableMetadataError


def wheel(path, *files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files:
            archive.writestr(name, text)
    return str(path)


def test_every_form_of_it(tmp_path):
    text = metadata("torch", "2.12.1")
    folder = tmp_path / "torch-2.12.1.dist-info"
    plain = write(str(folder / "METADATA"), text.encode())
    beside = write(str(tmp_path / "torch-2.12.1.whl.metadata"), text.replace("\n", "\r\n").encode())
    packed = wheel(
        tmp_path / "torch-2.12.1-py3-none-any.whl",
        ("torch/METADATA", "Name: other\nVersion: 1\n\n"),
        ("torch/_vendor/x-1.dist-info/METADATA", "Name: other\nVersion: 1\n\n"),
        ("torch-2.12.1.dist-info/METADATA", text),
    )
    found = {read_metadata(each) for each in (str(folder), plain, beside, packed)}
    assert len(found) == 1
    (one,) = found
    assert (one.name, one.version) == ("torch", "2.12.1")
    assert [each.name for each in one.requires] == [
        "cuda-toolkit",
        "nvidia-cublas",
        "cuda-bindings",
        "nvidia-cudnn-cu13",
    ]


def test_a_description_among_the_headers_is_none_of_them(tmp_path):
    text = (
        "Name: A_b\nVersion: 1\nDescription: first\n        Name: other\n        Requires-Dist: x\nRequires-Dist: y\n"
    )
    found = read_metadata(write(str(tmp_path / "METADATA"), text.encode()))
    assert (found.name, [each.name for each in found.requires]) == ("a-b", ["y"])


def test_the_nearest_counts(tmp_path):
    near, far = str(tmp_path / "near"), str(tmp_path / "far")
    write_distribution(near, "torch", "2.15.0", {})
    write_distribution(far, "torch", "2.14.1", {})
    write_distribution(far, "jax_cuda13.plugin", "0.10.2", {}, ["jax-cuda13-pjrt"])
    installed = Installed([near, str(tmp_path / "nowhere"), far])
    assert installed.get("torch").version == "2.15.0"
    assert installed.get("jax-cuda13-plugin").requires[0].name == "jax-cuda13-pjrt"
    assert installed.get("numpy") is None
    assert sorted(installed) == ["jax-cuda13-plugin", "torch"]


def test_what_lost_its_metadata_is_not_installed(tmp_path):
    os.unlink(os.path.join(write_distribution(str(tmp_path), "torch", "2.15.0", {}), "METADATA"))
    assert Installed([str(tmp_path)]).get("torch") is None


@pytest.mark.parametrize("name", ["METADATA", "x.metadata", "x-1.whl", "x-1.dist-info", "./torch", "a/b"])
def test_paths(name):
    assert is_path(name)


@pytest.mark.parametrize("name", ["torch", "jax[cuda13]", "torch==2.15.0", "metadata"])
def test_names(name):
    assert not is_path(name)


def test_what_cannot_be_read(tmp_path):
    half = wheel(tmp_path / "half.whl", ("a-1.dist-info/METADATA", metadata("torch", "2.15.0") * 99))
    with open(half, "r+b") as file:
        file.seek(60)
        file.write(b"\xff" * 40)
    os.mkfifo(tmp_path / "fifo")
    os.mkfifo(tmp_path / "fifo.whl")  # which would be waited for
    for path, reason in [
        (str(tmp_path / "nowhere"), "No such file"),
        (str(tmp_path), "No such file"),  # a folder without METADATA
        (str(tmp_path / "fifo"), "not a regular file"),
        (str(tmp_path / "fifo.whl"), "not a regular file"),
        (half, "not a complete wheel"),
        (write(str(tmp_path / "text.whl"), b"text"), "not a complete wheel"),
        (wheel(tmp_path / "empty.whl"), "it has no .dist-info/METADATA"),
        (write(str(tmp_path / "METADATA.txt"), b"\xff\xfe\x00"), "no name or no version"),
        (write(str(tmp_path / "colours"), b"Name: torch\nVersion: 2\x1b[31m\n"), "no name or no version"),
        ("nul\0.whl", "null byte|null character"),
        ("./nul\0", "null byte|null character"),
    ]:
        with pytest.raises(UnreadableMetadataError, match=reason) as error:
            read_metadata(path)
        assert "\n" not in str(error.value)
        assert error.value.exit_code == 2
