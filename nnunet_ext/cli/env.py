"""`nnunet_ext env`: shell exports of nnU-Net's variables."""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from nnunet_ext.core.environment import FOLDERS, NO_TORCHVISION, has_torchvision, nnunet_variables, shell_exports


@dataclass(frozen=True)
class Env:
    """Print the exports for `eval`; nnU-Net's raw, preprocessed and results folders are laid out below `root`."""

    root: Path

    def run(self) -> int:
        """Make the folders and print the exports; nothing else goes to standard output, which the shell evaluates."""
        variables = nnunet_variables(self.root, os.environ)
        for variable in FOLDERS:
            Path(variables[variable]).mkdir(parents=True, exist_ok=True)
        if not has_torchvision():  # said and no more: who only converts, or evaluates, can do without
            print(f"nnunet_ext env: warning: {NO_TORCHVISION}", file=sys.stderr)
        print(shell_exports(variables), end="")
        return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verb's arguments."""
    parser.usage = 'eval "$(nnunet_ext env --root DIR)"'
    parser.add_argument("--root", type=Path, required=True, help="folder that holds, or will hold, nnU-Net's three")


def from_options(options: argparse.Namespace) -> Env:
    """Take the parsed arguments."""
    return Env(root=options.root)
