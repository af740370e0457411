"""Muon for the matrices inside the layers, AdamW for the embedding and the norms.

Muon follows the method described in K. Jordan et al., "Muon: An optimizer for hidden layers in neural
networks" (2024): momentum whose matrix is replaced by a nearly orthogonal one, by five Newton-Schulz steps.
"""
import torch

from layout import Layout

MOMENTUM, NEWTON_SCHULZ = 0.95, (3.4445, -4.7750, 2.0315)
BETAS, EPSILON = (0.9, 0.98), 1e-9


def orthogonal(g: torch.Tensor, precision: torch.dtype) -> torch.Tensor:
    """A matrix with g's singular vectors and singular values near 1."""
    a, b, c = NEWTON_SCHULZ
    tall = g.shape[0] > g.shape[1]
    x = (g.t() if tall else g).to(precision)
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.t()
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.t() if tall else x


class Optimizer:
    """Updates the tensors of one rank out of `ranks`; ranks own disjoint tensors. All arguments are flat vectors:
    weights, gradients [ranks, size], moments [2, size] (Muon uses the first row only). Muon's products are of the
    given precision."""

    def __init__(self, layout: Layout, weights, gradients, moments, rank: int, ranks: int, precision: torch.dtype):
        self.ranks, self.parts, self.precision = ranks, [], precision
        loads = [0.0] * ranks
        by_work = sorted(layout.places, key=lambda name: (-self.work(layout, name), name))
        for name in by_work:
            owner = loads.index(min(loads))
            loads[owner] += self.work(layout, name)
            if owner == rank:
                self.parts.append((name, layout.view(weights, name), [layout.view(g, name) for g in gradients],
                                   [layout.view(m, name) for m in moments]))

    @staticmethod
    def muon(name: str) -> bool:
        return "proj" in name

    @classmethod
    def work(cls, layout: Layout, name: str) -> float:
        """About the seconds of an update, in some unit."""
        shape = layout.places[name][1]
        size = torch.Size(shape).numel()
        return size * (20 + min(shape)) if cls.muon(name) else size * 20

    def step(self, step: int, muon_rate: float, adam_rate: float, decay: float) -> None:
        for name, weight, gradients, (first, second) in self.parts:
            gradient = gradients[0]
            for other in gradients[1:]:
                gradient = gradient + other
            if self.muon(name):
                first.mul_(MOMENTUM).add_(gradient)
                update = orthogonal(gradient.add(first, alpha=MOMENTUM), self.precision)
                scale = max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5
                weight.mul_(1 - muon_rate * decay).add_(update.float(), alpha=-muon_rate * scale)
            else:
                first.lerp_(gradient, 1 - BETAS[0])
                second.lerp_(gradient.square(), 1 - BETAS[1])
                mean = first / (1 - BETAS[0] ** (step + 1))
                root = (second / (1 - BETAS[1] ** (step + 1))).sqrt_()
                weight.addcdiv_(mean, root.add_(EPSILON), value=-adam_rate)
