"""The llama of llama.py with a hand-written backward pass, for training on CPUs with AVX-512 BF16.

Conversations are packed one after the other without padding; each attends to itself only. Weights lie in one flat
float32 vector, gradients in another. plain_llama.py has the same interface.
"""
import ctypes
import pathlib
import subprocess

import torch

from layout import Layout
from llama import Shape, angles

SOURCES = pathlib.Path(__file__).with_name("kernels")
HEAD_ROWS = 512  # rows of logits at a time, so that they stay in the cache


def build_kernels(folder: pathlib.Path) -> pathlib.Path:
    """Compiles the kernels unless they are newer than their sources, and returns the library's path."""
    library = folder / "kernels.so"
    if not library.exists() or library.stat().st_mtime < max(path.stat().st_mtime for path in SOURCES.iterdir()):
        subprocess.run(["g++", "-std=c++20", "-O3", "-march=native", "-fno-strict-aliasing", "-w", "-shared", "-fPIC",
                        "-o", library, *sorted(SOURCES.glob("*.cpp"))], check=True)
    return library


class Weights:
    """The matrices as the products want them, cut from one flat vector."""

    def __init__(self, layout: Layout, s: Shape, flat: torch.Tensor):
        self.embed = layout.view(flat, "embed_tokens.weight")
        names = [f"layers.{n}." for n in range(s.layers)]
        self.qkv = [layout.view(flat, n + "self_attn.q_proj.weight", n + "self_attn.v_proj.weight") for n in names]
        self.o = [layout.view(flat, n + "self_attn.o_proj.weight") for n in names]
        self.gate_up = [layout.view(flat, n + "mlp.gate_proj.weight", n + "mlp.up_proj.weight") for n in names]
        self.down = [layout.view(flat, n + "mlp.down_proj.weight") for n in names]


class Norms:
    def __init__(self, layout: Layout, s: Shape, flat: torch.Tensor):
        self.first = [layout.view(flat, f"layers.{n}.input_layernorm.weight") for n in range(s.layers)]
        self.second = [layout.view(flat, f"layers.{n}.post_attention_layernorm.weight") for n in range(s.layers)]
        self.last = layout.view(flat, "norm.weight")


class FastLlama:
    """REQUIRES: head_dim 32; width, ffn and vocab multiples of 16. `rows` is the most tokens of a forward pass."""

    def __init__(self, s: Shape, library: pathlib.Path, flat: torch.Tensor, gradient: torch.Tensor, rows: int):
        self.s, self.layout, self.flat, self.gradient = s, Layout(s), flat, gradient
        self.kernels = ctypes.CDLL(str(library))
        self.kernels.cross_entropy.restype = ctypes.c_double
        self.half = torch.empty(self.layout.matrices, dtype=torch.bfloat16)
        self.w = Weights(self.layout, s, self.half)
        self.g = Weights(self.layout, s, gradient)
        self.norms, self.d_norms = Norms(self.layout, s, flat), Norms(self.layout, s, gradient)
        self.cos, self.sin = angles(s)
        self.allocate(rows)
        self.refresh()

    def allocate(self, rows: int) -> None:
        s = self.s

        def half(width):
            return torch.zeros(rows, width, dtype=torch.bfloat16)

        def full(width):
            return torch.zeros(rows, width)

        def each(make, *args):
            return [make(*args) for _ in range(s.layers)]

        heads = s.heads * s.head_dim
        self.x1, self.x2, self.x3 = each(full, s.width), each(full, s.width), full(s.width)
        self.h1, self.h2, self.h3 = each(half, s.width), each(half, s.width), half(s.width)
        self.i1, self.i2, self.i3 = each(full, 1), each(full, 1), full(1)
        self.qkv, self.attended = each(half, heads + 2 * s.kv_heads * s.head_dim), each(half, heads)
        self.log_sum, self.gate_up, self.gated = each(full, s.heads), each(half, 2 * s.ffn), each(half, s.ffn)
        self.y, self.dx, self.dx16, self.d_attended = half(s.width), full(s.width), half(s.width), half(heads)
        self.d_qkv, self.d_gated, self.d_h = half(heads + 2 * s.kv_heads * s.head_dim), half(s.ffn), half(s.width)

    def refresh(self) -> None:
        """Takes over changed weights."""
        self.half.copy_(self.flat[:self.layout.matrices])

    def call(self, name: str, *args) -> None:
        function = getattr(self.kernels, name)
        return function(*[ctypes.c_void_p(a.data_ptr()) if isinstance(a, torch.Tensor) else a for a in args])

    def norm(self, x, source, y, w, out, inverse) -> None:
        self.call("norm", x, source, y, w, self.rows, self.s.width, ctypes.c_float(self.s.epsilon), out, inverse)

    def forward(self, ids: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
        """ids [rows], starts (int32) of the conversations and the end -> normed hidden states, bf16 [rows, width]."""
        s, w, m = self.s, self.w, len(ids)
        self.rows, self.ids, self.starts, self.count = m, ids, starts, len(starts) - 1
        torch.index_select(self.layout.view(self.flat, "embed_tokens.weight"), 0, ids, out=self.x3[:m])
        source, y = self.x3, None
        for n in range(s.layers):
            self.norm(self.x1[n], source, y, self.norms.first[n], self.h1[n], self.i1[n])
            torch.mm(self.h1[n][:m], w.qkv[n].t(), out=self.qkv[n][:m])
            self.call("attention", self.qkv[n], self.cos, self.sin, starts, self.count, s.heads, s.kv_heads,
                      self.attended[n], self.log_sum[n])
            y = self.y
            torch.mm(self.attended[n][:m], w.o[n].t(), out=y[:m])
            self.norm(self.x2[n], self.x1[n], y, self.norms.second[n], self.h2[n], self.i2[n])
            torch.mm(self.h2[n][:m], w.gate_up[n].t(), out=self.gate_up[n][:m])
            self.call("gated", self.gate_up[n], m, s.ffn, self.gated[n])
            torch.mm(self.gated[n][:m], w.down[n].t(), out=y[:m])
            source = self.x2[n]
        self.norm(self.x3, source, y, self.norms.last, self.h3, self.i3)
        return self.h3[:m]

    def loss(self, places: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, learn: bool = True) -> float:
        """Weighted sum of the losses of predicting targets (int32) at places; keeps the gradients when learning."""
        if learn:
            self.d_h.zero_()
        total, vocab = 0.0, self.s.vocab
        for first in range(0, len(places), HEAD_ROWS):
            rows = slice(first, min(first + HEAD_ROWS, len(places)))
            hidden = self.h3[places[rows]]
            logits = torch.mm(hidden, self.w.embed.t())
            total += self.call("cross_entropy", logits, targets[rows], weights[rows], len(hidden), vocab)
            if learn:
                self.d_h[places[rows]] = torch.mm(logits, self.w.embed)
                self.g.embed += torch.mm(logits.t(), hidden)
        return total

    def logits(self, places: torch.Tensor) -> torch.Tensor:
        return torch.mm(self.h3[places], self.w.embed.t())

    def imitate(self, places: torch.Tensor, weights: torch.Tensor, aim) -> float:
        """As loss(), against distributions: aim(rows) gives those of that slice of the places, float [rows, vocab]."""
        self.d_h.zero_()
        total = 0.0
        for first in range(0, len(places), HEAD_ROWS):
            rows = slice(first, first + HEAD_ROWS)
            at, weight, wanted = places[rows], weights[rows, None], aim(rows)
            hidden = self.h3[at]
            found = torch.mm(hidden, self.w.embed.t()).float().log_softmax(-1)
            total -= float((found * wanted * weight).sum())
            slope = found.exp_().sub_(wanted).mul_(weight).to(torch.bfloat16)
            self.d_h[at] = torch.mm(slope, self.w.embed)
            self.g.embed += torch.mm(slope.t(), hidden)
        return total

    def norm_backward(self, d_h, x, w, inverse, dw) -> None:
        self.call("norm_backward", d_h, x, w, inverse, self.rows, self.s.width, self.dx, self.dx16, dw)

    def backward(self) -> None:
        """Adds the gradients of the last forward pass; REQUIRES loss() or imitate()."""
        s, w, g, m = self.s, self.w, self.g, self.rows
        dx, dx16, d_h = self.dx[:m], self.dx16[:m], self.d_h[:m]
        dx.zero_()
        self.norm_backward(d_h, self.x3, self.norms.last, self.i3, self.d_norms.last)
        for n in reversed(range(s.layers)):
            g.down[n] += torch.mm(dx16.t(), self.gated[n][:m])
            torch.mm(dx16, w.down[n], out=self.d_gated[:m])
            self.call("gated_backward", self.gate_up[n], self.d_gated, m, s.ffn)
            g.gate_up[n] += torch.mm(self.gate_up[n][:m].t(), self.h2[n][:m])
            torch.mm(self.gate_up[n][:m], w.gate_up[n], out=d_h)
            self.norm_backward(d_h, self.x2[n], self.norms.second[n], self.i2[n], self.d_norms.second[n])
            g.o[n] += torch.mm(dx16.t(), self.attended[n][:m])
            torch.mm(dx16, w.o[n], out=self.d_attended[:m])
            self.call("attention_backward", self.qkv[n], self.cos, self.sin, self.starts, self.count, s.heads,
                      s.kv_heads, self.attended[n], self.log_sum[n], self.d_attended, self.d_qkv)
            g.qkv[n] += torch.mm(self.d_qkv[:m].t(), self.h1[n][:m])
            torch.mm(self.d_qkv[:m], w.qkv[n], out=d_h)
            self.norm_backward(d_h, self.x1[n], self.norms.first[n], self.i1[n], self.d_norms.first[n])
        g.embed.index_add_(0, self.ids, dx)
