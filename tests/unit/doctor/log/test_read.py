"""Reading logs as they come: any size, any encoding, any decoration; line numbers stay those of the file."""

from __future__ import annotations

import io
import os
import sys
import threading

import pytest

from cuda_shims import errors
from cuda_shims.doctor.log import read as logs
from cuda_shims.doctor.log.read import clean, read_log

MESSAGE = "k.cu:1:10: fatal error: cudaProfiler.h: No such file or directory"


def read(tmp_path, data):
    path = tmp_path / "build.log"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_log(str(path))


@pytest.mark.parametrize(
    "line",
    [
        f"    {MESSAGE}",
        f"\t{MESSAGE}\r",
        f"\x1b[01m\x1b[K{MESSAGE[:8]}\x1b[m\x1b[K{MESSAGE[8:]}\x1b[0m",
        f"\x1b]8;;file:///x\x1b\\{MESSAGE}\x1b]8;;\x07",
        f"2026-01-02T03:04:05.1234567Z {MESSAGE}",
        f"2026-01-02T03:04:05.1234567Z ##[error]{MESSAGE}",
        f"\ufeff2026-01-02T03:04:05.1234567Z   {MESSAGE}",
        f"build\tRun make\t2026-01-02T03:04:05.1234567Z {MESSAGE}",
        f"2026-01-02T03:04:05.123456Z 01O {MESSAGE}",
        f"[2026-01-02T03:04:05.678Z] {MESSAGE}",
        f"[2026-01-02 03:04:05,678] {MESSAGE}",
        f"03:04:05  {MESSAGE}",
        f"#12 34.56       {MESSAGE}",
        f"1.181       {MESSAGE}",
        f"515.6       {MESSAGE}",
        f"  >> 30    {MESSAGE}",
        f"     3031      {MESSAGE}",
        f"[rank6]:   {MESSAGE}",
        f"[default6]:[rank6]: {MESSAGE}",
        f"(node-1 pid=31582) {MESSAGE}",
        f"(pid=21417, ip=10.0.0.7)   {MESSAGE}",
        f"(Engine_DP0 pid=73) ERROR 01-28 17:37:45 [core.py:866]     {MESSAGE}",
        f"E0305 20:23:38.866000 747 site-packages/torch/_inductor/x.py:533] {MESSAGE}",
        f"[1,12]<stderr>:{MESSAGE}",
        f"  │ {MESSAGE}",
        f"      ╰─> {MESSAGE}",
        f"  ├─▶ {MESSAGE}",
        f"builder-1  | {MESSAGE}",
        f"       > {MESSAGE}",
        f"{MESSAGE[:4]}\b{MESSAGE[4:]}",
    ],
)
def test_what_surrounds_a_message_goes_away(tmp_path, line):
    log = read(tmp_path, f"first\n{line}\nlast\n")
    assert log.text == f"first\n{MESSAGE}\nlast\n"
    position = log.text.index("fatal")
    assert (log.line(position), log.quote(position)) == (2, MESSAGE)


@pytest.mark.parametrize("width", [30, 37, 38, 44, 70])
def test_lines_that_spack_has_wrapped(tmp_path, width):
    parts = [MESSAGE[start : start + width] for start in range(0, len(MESSAGE), width)]
    wrapped = "\n           ".join(part.rstrip() for part in parts)
    log = read(tmp_path, f"     29    nvcc -c k.cu\n  >> 30    {wrapped}\n     31    make: *** [k.o] Error 1\n")
    assert MESSAGE in log.text.split("\n")
    assert log.line(log.text.index("fatal")) == 2
    assert log.line(log.text.index("make: ***")) == 2 + len(parts)


def test_progress_bars_write_over_themselves(tmp_path):
    log = read(tmp_path, f"a\r\n10 %\r  50 %\r  {MESSAGE}\r\r\nb")
    assert log.text == f"a\n10 %\r50 %\r{MESSAGE}\nb"
    assert log.quote(log.text.index("fatal")) == MESSAGE
    assert log.line(log.text.index("fatal")) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom", "utf-16-le", "latin-1"])
def test_encodings(tmp_path, encoding):
    text = f"gr\u00fcn\r\n{MESSAGE} \u2018x\u2019\r\n" if encoding != "latin-1" else f"gr\u00fcn\r\n{MESSAGE}\r\n"
    data = b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-bom" else text.encode(encoding)
    log = read(tmp_path, data)
    assert MESSAGE in log.text
    assert log.line(log.text.index(MESSAGE)) == 2


def test_utf_16_in_the_middle_and_nuls(tmp_path):
    log = read(tmp_path, b"plain\n" + f"{MESSAGE}\r\n".encode("utf-16-le") + b"\0\0\0after\n")
    assert log.text == f"plain\n{MESSAGE}\nafter\n"
    assert read(tmp_path, b"\xff\xfeab\x00\xd8\xff").text  # a lone surrogate and half a letter


@pytest.mark.parametrize("newline", ["\n", "\n".encode("utf-16-le").decode("latin-1")])
def test_of_a_long_log_the_end_is_kept_and_the_lines_are_counted(tmp_path, monkeypatch, newline):
    monkeypatch.setattr(logs, "MAX_BYTES", 4000)
    monkeypatch.setattr(logs, "_CHUNK", 1000)
    wide = len(newline) > 1
    encode = (lambda text: b"\xff\xfe" + text.encode("utf-16-le")) if wide else str.encode
    log = read(tmp_path, encode("".join(f"line {number}\n" for number in range(1, 5001))))
    assert log.skipped >= 30_000
    assert log.text.endswith("line 5000\n")
    assert len(log.text) <= 5001
    assert log.line(log.text.index("line 4990")) == 4990


def test_a_line_of_ten_megabytes_is_quoted_in_part(tmp_path):
    log = read(tmp_path, "x" * 5_000_000 + MESSAGE + "y" * 5_000_000)
    quote = log.quote(log.text.index("k.cu"))
    assert quote.startswith(f"…{MESSAGE}y")
    assert quote.endswith("y…")
    assert len(quote) < 250
    assert log.quote(0).startswith("xxx")


@pytest.mark.parametrize(
    "text",
    [
        "\r" * 1_000_000,
        "\x1b]" * 500_000,
        "\x1b[" + "0;" * 500_000,
        "a | " * 250_000,
        " " * 1_000_000,
        "#1 2.3",
        "\n  >> 1    a" + "\n           b" * 100_000,
    ],
)
def test_cleaning_takes_time_by_length_alone(text):
    assert clean(text + "\nend").endswith("end")


def test_standard_input(monkeypatch):
    class Stdin:
        buffer = io.BytesIO(MESSAGE.encode())

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert read_log("-").text == MESSAGE
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(errors.UnreadableLogError, match=r"standard input: the log cannot be read \(it is closed\)"):
        read_log("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs on this system")
def test_a_pipe_with_a_name(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(MESSAGE,))
    writer.start()
    assert read_log(str(path)).text == MESSAGE
    writer.join()


@pytest.mark.parametrize(("name", "reason"), [("no-such", "No such file"), (".", "directory|denied"), ("a\0b", "null")])
def test_what_cannot_be_read(tmp_path, name, reason):
    with pytest.raises(errors.UnreadableLogError, match=reason):
        read_log(str(tmp_path / name))
