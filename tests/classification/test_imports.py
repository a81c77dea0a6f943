import subprocess
import sys

PROGRAM = """
import pkgutil, sys
import nnunet_ext.classification as room
names = [found.name for found in pkgutil.walk_packages(room.__path__, room.__name__ + ".")]
for name in names:
    __import__(name)
siblings = {name.split(".")[1] for name in sys.modules if name.startswith("nnunet_ext.")}
heavy = {"torch", "monai", "sklearn", "skops", "safetensors", "nnunetv2"} & set(sys.modules)
print(len(names) > 15, sorted(heavy), sorted(siblings))
"""


def test_finding_and_measuring_patients_needs_core_alone() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "True [] ['classification', 'core']\n"
