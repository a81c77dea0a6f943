import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import nnunet_ext
from tests.nnunet_server import run_nnunet

CHECKOUT = Path(__file__).resolve().parents[2]
IMPORTS = (
    "import importlib.util, json\n"
    "import nnunet_ext, nnunet_ext.dataset_conversion, nnunet_ext.trainers\n"
    "from nnunet_ext.classification.taxonomy import load_taxonomy\n"
    "from nnunet_ext.core.environment import trainer_folder\n"
    "from nnunet_ext.core.target import load_target\n"
    "from nnunet_ext.dataset_conversion.profile import load_profile\n"
    "from nnunet_ext.report.rendering import page_environment\n"
    "load_target('cord-lesion'), load_profile('auto'), load_taxonomy()\n"
    "page_environment().get_template('review.html.j2')\n"
    "from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name as find\n"
    "import os; os.environ['nnUNet_extTrainer'] = str(trainer_folder())\n"
    "found = find('nnUNetTrainerSCI_3epochs')\n"
    "loose = [name for name in ('trainers', 'dataset_conversion') if importlib.util.find_spec(name)]\n"
    "print(json.dumps([nnunet_ext.__file__, nnunet_ext.trainers.__file__, found.__name__, loose]))\n"
)


def without_python_path() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def told(done: "subprocess.CompletedProcess[str]") -> list[object]:
    assert done.returncode == 0, done.stdout
    (line,) = (line for line in done.stdout.splitlines() if line.startswith('["'))  # below, libraries say how they end
    result: list[object] = json.loads(line)
    return result


def test_it_imports_as_one_package_from_where_it_is_installed_now() -> None:
    package, trainers, found, loose = told(run_nnunet(["-c", IMPORTS], without_python_path()))
    assert Path(str(package)) == Path(nnunet_ext.__file__)
    assert str(trainers).endswith("__init__.py")
    assert (found, loose) == ("nnUNetTrainerSCI_3epochs", [])


def test_a_wheel_installed_elsewhere_brings_all_it_needs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    listed = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        if (CHECKOUT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, source / name)
    weights = "nnunet_ext/models/default/made-up/fold_all/checkpoint_final.pth"
    for name in (weights, "nnunet_ext/models/default/made-up/card.json"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(b"weights")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(tmp_path), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        assert packed.read(weights) == b"weights"
        assert "nnunet_ext/models/default/made-up/card.json" in packed.namelist()
    clean = tmp_path / "clean"
    venv.create(clean)
    python = clean / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], check=True)
    # Dependencies come from this environment; its link to the checkout does not, as only a site folder's are followed.
    (site,) = (clean / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    shutil.rmtree(source)
    command = [str(python), "-c", IMPORTS]
    done = subprocess.run(
        command, cwd=tmp_path, env=without_python_path(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    package, trainers, found, loose = told(done)
    assert Path(str(package)).is_relative_to(clean)
    assert Path(str(trainers)).is_relative_to(clean)
    assert (found, loose) == ("nnUNetTrainerSCI_3epochs", [])
