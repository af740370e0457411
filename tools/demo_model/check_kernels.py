"""Compares loss and gradients of fast_llama.py (bf16) with those of plain_llama.py (float32) on random packs.

Usage: check_kernels.py [SOURCES]    (default kernels/). Exit status 1 when a tensor is off; less than a minute.
Both start from the same weights, which bf16 holds exactly, so that they differ by the rounding on the way only.
"""
import pathlib
import sys
import tempfile

import torch

import fast_llama
from layout import Layout
from llama import Shape
from plain_llama import PlainLlama
from trainers import NEEDED, missing

SHAPE = Shape(vocab=272, width=112, layers=2, heads=6, kv_heads=2, ffn=144, positions=400)
PACKS = [[1, 2, 3, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 129, 7], [385, 5, 1, 399], [17]]  # lengths
SEED, EMBEDDING = 5, 1.5  # the embedding's scale makes logits of about this size

# Rounding to bf16 moves a value by at most 2^-8 of it, all errors equally likely: the root mean square is 1 / sqrt(3)
# of that. A forward value has passed up to FORWARD roundings in each layer (h1, qkv, its rotation, p, attended, y, h2,
# gate and up, gated, y), a backward value BACKWARD more (dx16, d_gated, its two gradients, d_h, dx16, d_attended, ds,
# d_qkv, d_h) and HEAD at the top (h3, logits, their gradient, d_h). A gradient is a product of one backward and up to
# FACTORS forward values (that of q_proj: h1, k, v, and q with k in p); relative errors of factors add in squares.
ROUNDING, FORWARD, BACKWARD, HEAD, FACTORS = 2 ** -8 / 3 ** 0.5, 10, 9, 4, 4
ROUNDINGS = SHAPE.layers * (FACTORS * FORWARD + BACKWARD) + HEAD
GRADIENT_TOLERANCE = ROUNDING * ROUNDINGS ** 0.5  # of a tensor's norm
LOGIT_TOLERANCE = ROUNDING * (SHAPE.layers * FORWARD + 2) ** 0.5  # of the logits' root mean square


def random_weights(layout: Layout) -> torch.Tensor:
    """Every projection contributes; all numbers are exact in bf16."""
    flat = torch.empty(layout.size)
    for name, tensor in layout.tensors(flat).items():
        if tensor.dim() == 1:
            tensor.copy_(1 + 0.2 * torch.randn(tensor.shape))
        else:
            scale = EMBEDDING if name.startswith("embed") else 1.0
            tensor.copy_(torch.randn(tensor.shape) * scale * tensor.shape[1] ** -0.5)
    return flat.bfloat16().float()


def random_pack(lengths: list):
    """ids, starts, places, targets and weights as batches.arrays_of gives them; one place in five is not trained."""
    starts = torch.tensor([0, *lengths]).cumsum(0).int()
    rows = int(starts[-1])
    places = (torch.rand(rows) < 0.8).nonzero()[:, 0]
    targets = torch.randint(SHAPE.vocab, (len(places),), dtype=torch.int32)
    return torch.randint(SHAPE.vocab, (rows,)), starts, places, targets, torch.rand(len(places)) / rows


def losses_and_gradient(model, packs: list, aims: list):
    """The gradients of all packs add up; in the first pack distributions are imitated."""
    model.gradient.zero_()
    losses = []
    for (ids, starts, places, targets, weights), aim in zip(packs, aims):
        model.forward(ids, starts)
        losses.append(model.loss(places, targets, weights, learn=False))
        losses.append(model.loss(places, targets, weights) if aim is None else
                      model.imitate(places, weights, lambda rows: aim[rows]))
        model.backward()
    return losses


def compare_losses(found: list, wanted: list, packs: list, rms: float) -> bool:
    """A place's loss is off by at most sqrt(2) times a logit's error, independently of other places: four standard
    deviations of the weighted sum are allowed."""
    fine = True
    for n, (a, b) in enumerate(zip(found, wanted)):
        weights = packs[n // 2][4]
        limit = 4 * 2 ** 0.5 * LOGIT_TOLERANCE * rms * float(weights.norm())
        good = abs(a - b) <= limit
        fine &= good
        print(f"{'ok ' if good else 'OFF'} loss {n}: {a:.5f}, float32 {b:.5f}, off by {abs(a - b):.5f} of {limit:.5f}")
    return fine


def compare_gradients(layout: Layout, found: torch.Tensor, wanted: torch.Tensor) -> bool:
    fine = True
    for (name, a), b in zip(layout.tensors(found).items(), layout.tensors(wanted).values()):
        off = float((a - b).norm() / b.norm())
        good = off <= GRADIENT_TOLERANCE  # false for nan too
        fine &= good
        worst = int((a - b).abs().argmax())
        print(f"{'ok ' if good else 'OFF'} {name}: off by {off:.5f} of {GRADIENT_TOLERANCE:.5f}, most at {worst}")
    return fine


def main() -> None:
    if missing():
        raise SystemExit(f"nothing checked: the kernels need {', '.join(NEEDED)}")
    if len(sys.argv) > 1:
        fast_llama.SOURCES = pathlib.Path(sys.argv[1])
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    layout = Layout(SHAPE)
    flat = random_weights(layout)
    packs = [random_pack(lengths) for lengths in PACKS]
    aims = [torch.randn(len(packs[0][2]), SHAPE.vocab).softmax(-1), None, None]
    with tempfile.TemporaryDirectory() as folder:
        library = fast_llama.build_kernels(pathlib.Path(folder))
        rows = max(sum(lengths) for lengths in PACKS)
        fast = fast_llama.FastLlama(SHAPE, library, flat, torch.zeros(layout.size), rows)
    plain = PlainLlama(SHAPE, flat, torch.zeros(layout.size))
    found, wanted = (losses_and_gradient(model, packs, aims) for model in (fast, plain))
    rms = float(plain.logits(packs[-1][2]).square().mean().sqrt())
    fine = compare_losses(found, wanted, packs, rms)
    fine &= compare_gradients(layout, fast.gradient, plain.gradient)
    print("the kernels agree with PyTorch" if fine else "the kernels are wrong")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
