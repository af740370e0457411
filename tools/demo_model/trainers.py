"""Which implementation trains, and where: fast_llama.py on CPUs with AVX-512 BF16, else plain_llama.py."""
import argparse
import dataclasses
import pathlib

import torch

from fast_llama import FastLlama, build_kernels
from layout import Layout
from llama import Shape
from plain_llama import PlainLlama

NEEDED = ("avx512f", "avx512_bf16")  # by the kernels


def missing() -> list:
    """What the kernels need and this CPU lacks."""
    info = pathlib.Path("/proc/cpuinfo")
    found = info.read_text().split() if info.exists() else []
    return [name for name in NEEDED if name not in found]


@dataclasses.dataclass(frozen=True)
class Choice:
    fast: bool
    device: str
    why: str

    def __str__(self) -> str:
        how = "own kernels in bf16" if self.fast else "PyTorch's gradients in " + str(self.precision).split(".")[1]
        return f"{'fast' if self.fast else 'plain'} trainer: {how} on {self.device}, {self.why}"

    @property
    def precision(self) -> torch.dtype:
        """Of the optimizer's products too."""
        return torch.bfloat16 if self.fast or self.device == "cuda" else torch.float32

    def ranks(self, asked: int | None) -> int:
        if self.device == "cuda" and (asked or 1) > 1:
            raise SystemExit("one process per CUDA device: use --ranks 1")
        return asked or (1 if self.device == "cuda" else 2)

    def prepare(self, work: pathlib.Path) -> None:
        if self.fast:
            build_kernels(work)

    def model(self, shape: Shape, work: pathlib.Path, flat: torch.Tensor, gradient: torch.Tensor, rows: int):
        """`rows` is the most tokens of a forward pass."""
        if self.fast:
            return FastLlama(shape, build_kernels(work), flat, gradient, rows)
        return PlainLlama(shape, flat, gradient)

    def frozen(self, weights: dict, shape: Shape, work: pathlib.Path, rows: int):
        """A model with these weights, for forward passes or for an adapter."""
        layout = Layout(shape)
        flat = torch.empty(layout.size, device=self.device)
        for name, tensor in layout.tensors(flat).items():
            tensor.copy_(weights[name])
        return self.model(shape, work, flat, torch.empty(layout.size, device=self.device), rows)


def choose(asked: str) -> Choice:
    """asked: auto, fast or plain."""
    lacking = missing()
    if asked == "fast" and lacking:
        raise SystemExit(f"the fast trainer needs a CPU with {', '.join(NEEDED)}; this one lacks {', '.join(lacking)}")
    why = "as --trainer says" if asked != "auto" else \
        f"as this CPU lacks {', '.join(lacking)}" if lacking else f"as this CPU has {', '.join(NEEDED)}"
    if asked == "fast" or asked == "auto" and not lacking:
        return Choice(True, "cpu", why)
    return Choice(False, "cuda" if torch.cuda.is_available() else "cpu", why)


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trainer", choices=["auto", "fast", "plain"], default="auto",
                        help="fast: own kernels, needs AVX-512 BF16; plain: PyTorch, on a CUDA device if it sees one")
