"""A PyTorch network, run by OpenVINO."""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

import torch

from nnunet_ext.core.errors import EnvironmentProblemError
from nnunet_ext.core.require_extra import require_extra

_REPORTER: Final = "openvino_telemetry"
_NORMS: Final = (torch.nn.InstanceNorm1d, torch.nn.InstanceNorm2d, torch.nn.InstanceNorm3d)

LARGEST_DIFFERENCE: Final = 1e-3
"""Of OpenVINO's logits from PyTorch's, as a share of the largest logit. Rounding makes 1e-4 at most; a network that
takes another course with another image, which cannot be converted, makes numbers of any size."""


class OpenVinoNetwork(torch.nn.Module):
    """A network converted to OpenVINO and compiled for the CPU, in float32 throughout.

    On construction its answer is compared with PyTorch's once: a conversion records what the network does with one
    image, and says nothing where the network would do something else with another.

    Parameters
    ----------
    network
        With weights, on the CPU, in eval mode, giving one tensor.
    shape
        Of the image that it takes: (1, channels, ...).

    Raises
    ------
    EnvironmentProblemError
        Where OpenVINO is not installed, cannot run the network, or gives another result.
    """

    def __init__(self, network: torch.nn.Module, shape: tuple[int, ...]) -> None:
        super().__init__()
        openvino = load_openvino()
        recorded = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        other = -recorded
        try:
            with torch.inference_mode(), _levels_kept():
                expected = network(other)
                compiled = _compile(openvino, network, recorded)
        except Exception as error:  # OpenVINO raises what it likes, and so does somebody's network
            raise EnvironmentProblemError(_refusal(network, f"{type(error).__name__}: {error}")) from error
        self._tensor = openvino.Tensor
        self._request = compiled.create_infer_request()
        self._output_shape = tuple(expected.shape)
        difference = float((self(other) - expected).abs().max() / expected.abs().max())
        if not difference <= LARGEST_DIFFERENCE:  # NaN included
            raise EnvironmentProblemError(_refusal(network, f"its logits differ by {difference:.2g} of the largest"))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Compute logits (1, outputs, ...) of an image (1, channels, ...), copying neither."""
        held = image.detach().to(torch.float32).contiguous()
        logits = torch.empty(self._output_shape)
        self._request.set_input_tensor(self._tensor(held.numpy(), shared_memory=True))
        self._request.set_output_tensor(self._tensor(logits.numpy(), shared_memory=True))
        self._request.infer()
        return logits


def load_openvino() -> ModuleType:
    """Import OpenVINO; it reports its use to nobody.

    Raises
    ------
    EnvironmentProblemError
        Where it is not installed, or broken.
    """
    with _without_reporter():
        return require_extra("openvino", "fast", "the engine openvino", ", or use --engine torch")


def _compile(openvino: ModuleType, network: torch.nn.Module, image: torch.Tensor) -> Any:  # noqa: ANN401 - no annotations
    with _centred_norms(network), _without_reporter(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch, about the way in which OpenVINO records a network
        recorded = torch.jit.trace(network, image, check_trace=False)
        model = openvino.convert_model(recorded, example_input=image, input=[tuple(image.shape)])
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # by default bfloat16 or float16 where the processor has it
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # two predictions side by side would be tied to the same cores
    }
    return openvino.Core().compile_model(model, "CPU", settings)


@contextmanager
def _levels_kept() -> Iterator[None]:
    """Put back who logs what: a conversion that fails leaves every warning of the program silenced."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


@contextmanager
def _centred_norms(network: torch.nn.Module) -> Iterator[None]:
    """Take the mean off before each instance norm, which takes it off again and gives the same.

    OpenVINO sums a channel up voxel by voxel. Where it is nearly constant, as where an image was padded, that mean is
    off in the fourth digit, and the norm multiplies what is left by up to 300: logits were wrong by several units.
    """

    def centred(_: torch.nn.Module, inputs: tuple[torch.Tensor]) -> torch.Tensor:
        (channels,) = inputs
        return channels - channels.mean(tuple(range(2, channels.ndim)), keepdim=True)

    hooks = [module.register_forward_pre_hook(centred) for module in network.modules() if isinstance(module, _NORMS)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _without_reporter() -> Iterator[None]:
    """Keep OpenVINO from loading what tells a web service of each import and conversion, without asking.

    It does without where the reporter is not installed, and None in `sys.modules` is how Python says that.
    """
    loaded = sys.modules.get(_REPORTER)
    sys.modules[_REPORTER] = None  # type: ignore[assignment]  # which the import system defines
    try:
        yield
    finally:
        del sys.modules[_REPORTER]
        if loaded is not None:
            sys.modules[_REPORTER] = loaded


def _refusal(network: torch.nn.Module, reason: str) -> str:
    short = " ".join(reason.split())[:300]
    return f"OpenVINO cannot run the architecture {type(network).__qualname__}: {short}; use --engine torch"
