"""Trains the llama of llama.py with PyTorch's own gradients: on any CPU in float32, on a CUDA device in bf16.

The interface is that of fast_llama.py: packed conversations, weights in one flat vector, gradients in another.
"""
import torch
import torch.nn.functional as F

from layout import Layout
from llama import Llama, Shape

HEAD_ROWS = 512  # rows of a distribution at a time


class PlainLlama:
    """Works where `flat` and `gradient` lie; places, targets and weights may come from the CPU."""

    def __init__(self, s: Shape, flat: torch.Tensor, gradient: torch.Tensor):
        self.s, self.layout, self.flat, self.gradient = s, Layout(s), flat, gradient
        self.device = flat.device
        self.llama = Llama(s).to(self.device)
        weights, slopes = self.layout.tensors(flat), self.layout.tensors(gradient)
        for name, p in self.llama.named_parameters():
            p.data, p.grad = weights[name], slopes[name]

    def refresh(self) -> None:
        """Takes over changed weights: nothing to do, the parameters are the flat vector."""

    def precision(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def forward(self, ids: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
        """ids [rows], starts of the conversations and the end -> normed hidden states [rows, width]."""
        with self.precision():
            self.h3 = self.llama.hidden(ids[None].to(self.device), starts.diff().tolist())[0]
        return self.h3

    def logits(self, places: torch.Tensor) -> torch.Tensor:
        with self.precision():
            return F.linear(self.h3[places.to(self.device)], self.llama.embed_tokens.weight)

    def loss(self, places: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, learn: bool = True) -> float:
        """Weighted sum of the losses of predicting targets at places; keeps what backward() needs when learning."""
        losses = F.cross_entropy(self.logits(places).float(), targets.long().to(self.device), reduction="none")
        total = (losses * weights.to(self.device)).sum()
        self.total = total if learn else None
        return float(total)

    def imitate(self, places: torch.Tensor, weights: torch.Tensor, aim) -> float:
        """As loss(), against distributions: aim(rows) gives those of that slice of the places, float [rows, vocab]."""
        self.total = torch.zeros((), device=self.device)
        for first in range(0, len(places), HEAD_ROWS):
            rows = slice(first, first + HEAD_ROWS)
            found = self.logits(places[rows]).float().log_softmax(-1)
            self.total = self.total - (found * aim(rows) * weights[rows, None].to(self.device)).sum()
        return float(self.total)

    def backward(self) -> None:
        """Adds the gradients of the last forward pass; REQUIRES loss() or imitate()."""
        self.total.backward()
