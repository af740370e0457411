"""Trains the demo model on the generated corpus. CPU, one thread, fixed seeds.

Usage: train.py WORK_FOLDER [--steps N]    (tokenizer.json is in WORK_FOLDER)
Writes checkpoint.pt (weights, optimiser, step), from which a later call goes on, and prints the loss.
"""
import argparse
import pathlib
import random
import time

import torch
from tokenizers import Tokenizer

import corpus
from llama import Llama, Shape

BATCH_TOKENS = 6144
PEAK, FLOOR, WARMUP, DECAY = 2.5e-3, 5e-5, 60, 0.35
PROMPT_WEIGHT = 0.1  # loss weight of tokens that the assistant does not say


def encode(tokenizer: Tokenizer, item):
    """ids and the loss weight of each id (of predicting it)."""
    if isinstance(item, str):
        ids = tokenizer.encode(item).ids + [0]
        return ids, [0.0] + [1.0] * (len(ids) - 1)
    ids, weights = [], []
    for role, content in item:
        head = tokenizer.encode(f"<|im_start|>{role}\n").ids
        body = tokenizer.encode(content + "<|im_end|>").ids
        tail = tokenizer.encode("\n").ids
        said = 1.0 if role == "assistant" else PROMPT_WEIGHT
        ids += head + body + tail
        weights += [0.0] * len(head) + [said] * len(body) + [0.0] * len(tail)
    return ids[:1024], weights[:1024]


def batches(tokenizer: Tokenizer, seed: int):
    """Endless batches of conversations of similar length, padded: ids, weights [rows, length]."""
    rng = random.Random(seed)
    for part in range(1 << 30):
        pool = [encode(tokenizer, item) for item in corpus.conversations(seed=seed + 1 + part, count=3000)]
        pool.sort(key=lambda pair: len(pair[0]))
        rows, ready = [], []
        for pair in pool:
            if rows and (len(rows) + 1) * len(pair[0]) > BATCH_TOKENS:
                ready.append(rows)
                rows = []
            rows.append(pair)
        ready.append(rows)
        rng.shuffle(ready)
        for rows in ready:
            length = max(len(ids) for ids, _ in rows)
            ids = torch.zeros(len(rows), length, dtype=torch.long)
            weights = torch.zeros(len(rows), length)
            for i, (row, weight) in enumerate(rows):
                ids[i, :len(row)] = torch.tensor(row)
                weights[i, :len(row)] = torch.tensor(weight)
            yield ids, weights


def learning_rate(step: int, steps: int) -> float:
    """Up, level, and down to FLOOR over the last DECAY of all steps."""
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    left = (steps - step) / (DECAY * steps)
    return FLOOR + (PEAK - FLOOR) * min(1.0, left)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=1600)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(20)
    tokenizer = Tokenizer.from_file(str(args.work / "tokenizer.json"))
    model = Llama(Shape(vocab=tokenizer.get_vocab_size()))
    decay = [p for p in model.parameters() if p.dim() == 2]
    rest = [p for p in model.parameters() if p.dim() != 2]
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}],
                                  lr=PEAK, betas=(0.9, 0.98))
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {args.steps} steps", flush=True)
    checkpoint, first = args.work / "checkpoint.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    start, mean, tokens = time.process_time(), 0.0, 0
    for step, (ids, weights) in enumerate(batches(tokenizer, seed=1000)):
        if step < first:
            continue
        if step >= args.steps:
            break
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, args.steps)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(ids[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none")
        weight = weights[:, 1:].flatten()
        loss = (loss * weight).sum() / weight.sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        mean = loss.item() if step == first else 0.95 * mean + 0.05 * loss.item()
        tokens += ids.numel()
        if step % 25 == 0 or step + 1 == args.steps:
            print(f"step {step} loss {mean:.4f} tokens {tokens} cpu seconds {time.process_time() - start:.0f}", flush=True)
        if step % 50 == 49 or step + 1 == args.steps:
            torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}, checkpoint)


if __name__ == "__main__":
    main()
