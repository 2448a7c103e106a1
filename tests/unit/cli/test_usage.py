"""A command line that cannot be understood: one sentence on stderr, with what was meant, and exit code 2."""

from __future__ import annotations

import pytest

from cuda_shims.cli import main
from cuda_shims.cli.parser import make_parsers
from cuda_shims.cli.usage import UsageError, parse

LISTS = "cuda-shims {} --help lists them all"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("lst", "unknown command 'lst'; did you mean list? cuda-shims --help lists them all"),
        ("whcih nvcc", "unknown command 'whcih'; did you mean which? cuda-shims --help lists them all"),
        ("evn", "unknown command 'evn'; did you mean env? cuda-shims --help lists them all"),
        ("LIST", "unknown command 'LIST'; did you mean list? cuda-shims --help lists them all"),
        ("instal", "unknown command 'instal'; did you mean install? cuda-shims --help lists them all"),
        ("frobnicate", "unknown command 'frobnicate'; cuda-shims --help lists them all"),
        ("version", "unknown command 'version'; did you mean --version? cuda-shims --help lists them all"),
        ("help lst", "unknown command 'lst'; did you mean list? cuda-shims --help lists them all"),
        ("list --jsn", f"unknown option '--jsn'; did you mean --json? {LISTS.format('list')}"),
        ("env --fromat=sh", f"unknown option '--fromat'; did you mean --format? {LISTS.format('env')}"),
        ("doctor --stict", f"unknown option '--stict'; did you mean --strict? {LISTS.format('doctor')}"),
        ("install --zzz", f"unknown option '--zzz'; {LISTS.format('install')}"),
        ("list -z", f"unknown option '-z'; {LISTS.format('list')}"),
        ("--json list", "--json goes after the command: cuda-shims list --json"),
        ("--cuda 13 list", "--cuda goes after the command: cuda-shims list --cuda 13"),
        ("--cuda=13 list", "--cuda goes after the command: cuda-shims list --cuda=13"),
        ("-q doctor", "-q goes after the command: cuda-shims doctor -q"),
        ("--verison", "unknown option '--verison'; did you mean --version? cuda-shims --help lists them all"),
        ("--jsn list", f"unknown option '--jsn'; did you mean --json? {LISTS.format('list')}"),
        ("--json", "'--json' comes without a command; cuda-shims --help lists them all"),
        ("-v lst", "'-v' comes without a command; cuda-shims --help lists them all"),
        ("completion bash zsh", "completion does not take 'zsh'; cuda-shims completion --help says what it takes"),
        ("which", "which: NAME or -l is missing; for example: cuda-shims which CUDA::nvjpeg"),
        ("which -l", "which: -l needs a value; for example: cuda-shims which CUDA::nvjpeg"),
        ("which -l x y", "which: NAME and -l exclude each other; for example: cuda-shims which CUDA::nvjpeg"),
        ("fit --format x", "fit --format: 'x' is not one of pip, uv, constraints"),
        ("root --cuda x", "root --cuda: 'x' is not a CUDA major, such as 12"),
        ("exec --json make", f"unknown option '--json'; {LISTS.format('exec')}"),
        ("exec -q make", f"unknown option '-q'; {LISTS.format('exec')}"),
        ("completion -v bash", f"unknown option '-v'; {LISTS.format('completion')}"),
    ],
)
def test_a_mistake(capsys, words, sentence):
    assert main(words.split()) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"cuda-shims: {sentence}\n")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("cublas cufft", '"cuda-toolkit[cublas,cufft]==13.*"'),
        ("libcublas", '"cuda-toolkit[cublas]==13.*"'),
        ("cublas nvidia-cublas libcufft cufft.h", '"cuda-toolkit[cublas,cufft]==13.*"'),
        ("cudnn torch cublas", '"cuda-toolkit[cublas]==13.*" nvidia-cudnn-cu13 torch'),
        ("cuda cublas --verbos", '"cuda-toolkit[cublas]==13.*" "cuda-shims[cu13]"'),
    ],
)
@pytest.mark.usefixtures("home")
def test_all_that_somebody_wants_to_install(capsys, words, line):
    assert main(["install", *words.split()]) == 2
    assert capsys.readouterr().err.endswith(f"; run: pip install {line}\n")


@pytest.mark.parametrize("name", ["cudnn", "libnccl.so", "libcudnn", "cudnn.h"])
def test_a_companion_that_somebody_wants_to_install(home, capsys, name):
    assert home
    assert main(["install", name]) == 2
    said = capsys.readouterr().err
    assert said.startswith("cuda-shims: install makes links and takes no names; run: pip install nvidia-")
    assert said.endswith("-cu13\n")


def test_what_somebody_wants_to_install_elsewhere(capsys, tmp_path):
    assert main(["install", "cublas", "--target", str(tmp_path)]) == 2
    line = f'pip install --target {tmp_path} "cuda-toolkit[cublas]==13.*"\n'
    assert capsys.readouterr().err.endswith(f"; run: {line}")


def test_a_word_with_control_codes_is_not_printed_as_it_is(capsys):
    for words in (["li\x1b[31mst"], ["list", "\x1b[31m"], ["list", "--\x1b[31m"], ["env", "--format", "\x1b[31m"]):
        assert main(words) == 2
        assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize(("words", "same"), [("help", "--help"), ("help env", "env --help"), ("-V", "--version")])
def test_what_other_programs_have(capsys, words, same):
    said = []
    for each in (words, same):
        with pytest.raises(SystemExit) as stopped:
            main(each.split())
        said.append((stopped.value.code, capsys.readouterr().out))
    assert said[0] == said[1]
    assert said[0][0] == 0
    assert said[0][1]


def test_a_commands_own_arguments_are_not_looked_at():
    options = parse(make_parsers(), ["exec", "make", "--jsn", "-j4"])
    assert (options.program, options.arguments) == ("make", ["--jsn", "-j4"])
    with pytest.raises(UsageError):
        parse(make_parsers(), ["exec", "--jsn", "make"])
