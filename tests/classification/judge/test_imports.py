import subprocess
import sys

PROGRAM = """
import pkgutil, sys
import nnunet_ext.classification.judge as judge
names = [found.name for found in pkgutil.walk_packages(judge.__path__, judge.__name__ + ".")]
for name in names:
    __import__(name)
print(len(names) > 20, sorted({"torch", "monai", "sklearn", "nnunetv2", "pandas"} & set(sys.modules)))
"""


def test_judging_needs_neither_torch_nor_scikit_learn() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "True []\n"
