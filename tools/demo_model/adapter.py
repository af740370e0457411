"""Trains a LoRA adapter for the demo model on restyled conversations and writes it in PEFT's layout.

Usage: adapter.py WORK_FOLDER MAIN_MODEL_FOLDER OUT_FOLDER [--steps N] [--trainer fast|plain]
One process. Prints answers to held-out questions without and with the adapter.
"""
import argparse
import json
import pathlib
import time

import numpy as np
import torch
from tokenizers import Tokenizer

import batches
import corpus
import export
import restyle
import trainers
from draft import frozen
from llama import Llama
from train import ROWS

SEED = 31
RANK, ALPHA = 8, 16
SCALE = ALPHA / RANK
BATCH, RATE, WARMUP = 8192, 4e-3, 20
SAMPLES = 6
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Adapter:
    """Low-rank changes of the projections of a frozen model. Their gradients come from those of the whole matrices."""

    def __init__(self, model):
        self.model = model
        views, slopes = model.layout.tensors(model.flat), model.layout.tensors(model.gradient)
        self.parts = []
        for name in sorted(views):
            if "proj" in name:
                rows, columns = views[name].shape
                a, b = torch.randn(RANK, columns) * columns ** -0.5, torch.zeros(rows, RANK)
                a, b = a.to(model.flat.device), b.to(model.flat.device)
                self.parts.append((name, views[name], slopes[name], views[name].clone(), a, b))
        self.adam = torch.optim.Adam([p for part in self.parts for p in part[4:]], lr=RATE, betas=(0.9, 0.98))

    def step(self, rate: float) -> None:
        for group in self.adam.param_groups:
            group["lr"] = rate
        for _, weight, slope, base, a, b in self.parts:
            a.grad, b.grad = SCALE * (b.t() @ slope), SCALE * (slope @ a.t())
        self.adam.step()
        for _, weight, _, base, a, b in self.parts:
            torch.add(base, b @ a, alpha=SCALE, out=weight)
        self.model.refresh()

    def save(self, out: pathlib.Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        tensors = {}
        for name, _, _, _, a, b in self.parts:
            stem = "base_model.model.model." + name.removesuffix(".weight")
            for letter, matrix in (("A", a), ("B", b)):
                raw = export.bf16_bytes(matrix.cpu().numpy())
                tensors[f"{stem}.lora_{letter}.weight"] = ("BF16", matrix.shape, raw)
        export.write_safetensors(out / "adapter_model.safetensors", tensors, "pt")
        (out / "adapter_config.json").write_text(json.dumps(
            {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "demo", "r": RANK,
             "lora_alpha": ALPHA, "lora_dropout": 0.0, "target_modules": TARGETS, "bias": "none",
             "fan_in_fan_out": False, "inference_mode": True, "use_rslora": False, "use_dora": False,
             "modules_to_save": None}, indent=2) + "\n")


def train(model, adapter: Adapter, work: pathlib.Path, steps: int) -> None:
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    source, pool = restyle.restyled(SEED, 1 << 30), []
    rng, start = np.random.default_rng(SEED), time.monotonic()
    for step in range(steps):
        taken, size = [], 0
        while size < BATCH:
            pool = pool or batches.cut(batches.encoded(tokenizer, [next(source) for _ in range(100)]))
            taken.append(pool.pop())
            size += len(taken[-1][0])
        total = sum(int(weights[1:].sum()) for _, weights in taken) / batches.WEIGHT_UNIT
        model.gradient.zero_()
        loss = 0.0
        for pack in batches.packs(taken, ROWS):
            ids, starts, places, targets, weights = map(torch.from_numpy, batches.arrays_of(pack, rng))
            model.forward(ids, starts)
            loss += model.loss(places, targets, weights / total)
            model.backward()
        adapter.step(RATE * min(1.0, (step + 1) / WARMUP, 2 * (steps - step) / steps))
        if step % 20 == 19 or step + 1 == steps:
            print(f"step {step + 1}/{steps} loss {loss:.4f}, {time.monotonic() - start:.0f} s", flush=True)


@torch.no_grad()
def answer(model: Llama, tokenizer: Tokenizer, conversation, longest: int = 80) -> str:
    ids = tokenizer.encode(corpus.render(conversation, prompt_only=True)).ids
    start, end = len(ids), tokenizer.token_to_id("<|im_end|>")
    while len(ids) - start < longest and len(ids) < model.s.positions:
        best = int(model(torch.tensor([ids]))[0, -1].argmax())
        if best == end:
            break
        ids.append(best)
    return tokenizer.decode(ids[start:])


def show(base: dict, adapted: dict, shape, work: pathlib.Path) -> None:
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    models = []
    for weights in (base, adapted):
        models.append(Llama(shape))
        models[-1].load_state_dict(weights)
    shown = 0
    for conversation in restyle.restyled(SEED, 1 << 30, held_out=True):
        if len(conversation.messages) > 6:
            continue
        print(f"user:    {conversation.messages[-2]['content']}")
        for title, model in zip(("base:   ", "adapter:"), models):
            print(f"{title} {answer(model, tokenizer, conversation)}")
        print(f"wanted:  {conversation.messages[-1]['content']}\n")
        shown += 1
        if shown == SAMPLES:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains the demo adapter.")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("main_model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=120)
    trainers.add_option(parser)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    choice = trainers.choose(args.trainer)
    print(choice, flush=True)
    model = frozen(args.main_model, args.work, choice)
    torch.manual_seed(SEED)
    adapter = Adapter(model)
    train(model, adapter, args.work, args.steps)
    adapter.save(args.out)
    base, shape = export.read_model(args.main_model)
    show(base, {name: tensor.clone() for name, tensor in model.layout.tensors(model.flat).items()}, shape, args.work)


if __name__ == "__main__":
    main()
