import os
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

pytest.importorskip("argcomplete")
BIN = Path(sys.executable).parent
SHELL = """\
eval "$(register-python-argcomplete nnunet_ext)"
COMP_LINE=$1; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_WORDS=($COMP_LINE); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_python_argcomplete nnunet_ext "" ""
printf '%s\\n' "${COMPREPLY[@]}"
"""
"""What bash itself does when the tabulator key is struck, on the line that is typed so far."""


def completions(line: str) -> list[str]:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", SHELL, "bash", line], env=environment, capture_output=True, text=True, check=True
    )
    return [word.strip() for word in done.stdout.splitlines()]


@pytest.mark.skipif(which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("nnunet_ext pre", ["predict"]),
        ("nnunet_ext crop", ["crop-dataset"]),
        ("nnunet_ext predict --nam", ["--naming"]),
        ("nnunet_ext predict --naming n", ["neuropoly", "nnunet"]),
        ("nnunet_ext model ex", ["export"]),
        ("nnunet_ext model export --lic", ["--licence"]),
        ("nnunet_ext convert 'an open quotation --un", []),
    ],
)
def test_the_shell_is_offered_what_fits(typed: str, offered: list[str]) -> None:
    assert [word for word in completions(typed) if word] == offered


def test_completion_imports_neither_torch_nor_nnunet() -> None:
    environment = {
        **os.environ, "_ARGCOMPLETE": "1", "COMP_LINE": "nnunet_ext predict --engine ", "COMP_POINT": "28",
        "_ARGCOMPLETE_STDOUT_FILENAME": os.devnull,
    }  # fmt: skip
    code = (
        "import os, sys\n"
        "leave = os._exit\n"
        "def told(code): print('LEFT', code, sorted({'torch', 'nnunetv2'} & set(sys.modules)), flush=True); leave(0)\n"
        "os._exit = told\n"
        "from nnunet_ext.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("LEFT 0 []\n")
