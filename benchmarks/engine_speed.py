"""How long one tile takes with each engine, and how far its answer is from PyTorch's in float32.

Networks have nnU-Net's architecture and random weights, images are noise: the differences are those of rounding, and
the share of voxels that are decided otherwise is an upper bound, for an untrained network is nowhere sure. Engines take
turns, so that whatever else runs on the machine slows them all; the best of all rounds counts.

Run: python benchmarks/engine_speed.py
"""

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import torch
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

from nnunet_ext.cascade.prediction.engines import Engine, check_engine
from nnunet_ext.cascade.prediction.network import engine_network
from nnunet_ext.core.errors import EnvironmentProblemError


@dataclass(frozen=True)
class Network:
    name: str
    features: Sequence[int]
    kernels: Sequence[Sequence[int]]
    strides: Sequence[Sequence[int]]
    patch: tuple[int, int, int]

    def build(self) -> torch.nn.Module:
        stages = len(self.features)
        settings = {
            "n_stages": stages,
            "features_per_stage": self.features,
            "kernel_sizes": self.kernels,
            "strides": self.strides,
            "n_conv_per_stage": [2] * stages,
            "n_conv_per_stage_decoder": [2] * (stages - 1),
            "conv_op": "torch.nn.Conv3d",
            "conv_bias": True,
            "norm_op": "torch.nn.InstanceNorm3d",
            "norm_op_kwargs": {"eps": 1e-5, "affine": True},
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        }
        torch.manual_seed(1)
        network: torch.nn.Module = get_network_from_plans(
            "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            settings,
            ["conv_op", "norm_op", "nonlin"],
            1,
            2,
            deep_supervision=False,
        )
        return network.eval()


ONCE, TWICE, IN_PLANE = (1, 1, 1), (2, 2, 2), (1, 2, 2)
CUBE = (3, 3, 3)
NETWORKS = (
    Network("of the demo", (16, 32, 64, 96), [CUBE] * 4, [ONCE, *[TWICE] * 3], (80, 48, 40)),
    Network(
        "of nnU-Net's usual size",
        (32, 64, 128, 256, 320),
        [(1, 3, 3), *[CUBE] * 4],
        [ONCE, IN_PLANE, *[TWICE] * 3],
        (48, 96, 64),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8, help="tiles for each engine; the best counts (8)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of each engine")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    engines = [engine for engine in Engine if runs_here(engine)]
    print(
        f"torch {version('torch')}, {options.threads} threads of {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    for network in NETWORKS:
        measure(network, engines, options.rounds)


def runs_here(engine: Engine) -> bool:
    try:
        check_engine(engine, "cpu")
    except EnvironmentProblemError as error:
        print(f"left out: {error}")
        return False
    return True


def measure(network: Network, engines: Sequence[Engine], rounds: int) -> None:
    stock = network.build()
    size = sum(parameter.numel() for parameter in stock.parameters()) / 1e6
    print(f"\nNetwork {network.name}: {size:.1f} M parameters, patch {' x '.join(map(str, network.patch))}")
    built, building = {}, {}
    for engine in engines:
        begun = time.perf_counter()
        built[engine] = engine_network(stock, engine, network.patch, 1)
        building[engine] = time.perf_counter() - begun
    image = torch.randn(1, 1, *network.patch, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        logits = {engine: module(image) for engine, module in built.items()}  # also warms them up
        best = best_seconds(built, image, rounds)
    for engine in engines:
        line = f"  {engine}: {best[engine]:.3f} s a tile"
        if engine is not Engine.TORCH:
            saved = best[Engine.TORCH] - best[engine]
            line += f", {best[Engine.TORCH] / best[engine]:.2f} times as fast; built in {building[engine]:.1f} s"
            line += f", made up for after {building[engine] / saved:.0f} tiles" if saved > 0 else ""
            line += f"; {difference(logits[engine], logits[Engine.TORCH])}"
        print(line)


def best_seconds(built: dict[Engine, torch.nn.Module], image: torch.Tensor, rounds: int) -> dict[Engine, float]:
    best = dict.fromkeys(built, float("inf"))
    for _ in range(rounds):
        for engine, module in built.items():
            begun = time.perf_counter()
            module(image)
            best[engine] = min(best[engine], time.perf_counter() - begun)
    return best


def difference(logits: torch.Tensor, expected: torch.Tensor) -> str:
    largest, scale = float((logits - expected).abs().max()), float(expected.abs().max())
    otherwise = float(((logits > 0) != (expected > 0)).float().mean())
    return f"logits up to {largest:.1e} off, of {scale:.1f}; {1e6 * otherwise:.0f} in a million decided otherwise"


if __name__ == "__main__":
    main()
