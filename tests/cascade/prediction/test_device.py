import pytest
import torch

from nnunet_ext.cascade.prediction.device import find_device
from nnunet_ext.core.errors import EnvironmentProblemError, UsageError


def test_the_cpu_is_everywhere() -> None:
    assert find_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "CPU", "", "cpu:0", "xpu", "cuda:1\n"])
def test_what_is_no_device_is_told(name: str) -> None:
    with pytest.raises(UsageError, match="cuda:1 or mps"):
        find_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there_is_told_with_the_cure(name: str) -> None:
    with pytest.raises(EnvironmentProblemError, match=rf"device {name} was asked for.*(nvidia-smi|CUDA build).*cpu"):
        find_device(name)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_too_many_is_told_with_those_there_are() -> None:
    assert find_device("cuda:0").type == "cuda"
    with pytest.raises(EnvironmentProblemError, match="there are: cpu, cuda:0"):
        find_device(f"cuda:{torch.cuda.device_count()}")


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="a Mac")
def test_mps_elsewhere_than_on_a_mac_is_told() -> None:
    with pytest.raises(EnvironmentProblemError, match="Apple"):
        find_device("mps")
