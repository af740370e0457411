"""Trains the draft model: a smaller llama with the same tokenizer that imitates the main model's next tokens.

Usage: draft.py WORK_FOLDER MAIN_MODEL_FOLDER OUT_FOLDER [--minutes M | --steps N] [--ranks R]
       [--trainer fast|plain]
Prints how often the draft's greedy token is the main model's in held-out answers. Goes on from draft.pt.
"""
import argparse
import dataclasses
import pathlib

import numpy as np
import torch

import batches
import export
import trainers
from llama import Shape
from train import HELD_OUT, ROWS, Plan, Trainer, train

BITS = 8
HARD = 0.1  # the share of the text's own token in what is learned; the rest is the main model's distribution
DRAFTED = 4  # tokens, for the report
ROWS_AT_ONCE = 512  # of logits


def draft_shape(main: Shape) -> Shape:
    return dataclasses.replace(main, width=128, layers=4, heads=4, kv_heads=2, ffn=256)


def frozen(folder: pathlib.Path, work: pathlib.Path, choice: trainers.Choice):
    """The quantised model of a folder, for forward passes."""
    return choice.frozen(*export.read_model(folder), work, ROWS)


@dataclasses.dataclass
class DraftPlan(Plan):
    main_model: pathlib.Path = pathlib.Path()


class DraftTrainer(Trainer):
    def __init__(self, plan: DraftPlan, shared, rank: int):
        super().__init__(plan, shared, rank)
        self.main_model = frozen(plan.main_model, plan.work, plan.choice)

    def learn(self, ids, starts, places, targets, weights) -> float:
        """Cross entropy against the main model's distribution, mixed with the text's token."""
        with torch.no_grad():
            self.main_model.forward(ids, starts)
        self.model.forward(ids, starts)

        @torch.no_grad()
        def aim(rows: slice) -> torch.Tensor:
            wanted = self.main_model.logits(places[rows]).float().softmax(-1).mul_(1 - HARD)
            wanted[torch.arange(len(wanted)), targets[rows].long()] += HARD
            return wanted

        total = self.model.imitate(places, weights, aim)
        self.model.backward()
        return total


@torch.no_grad()
def greedy(model, ids, starts, places) -> torch.Tensor:
    model.forward(ids, starts)
    return torch.cat([model.logits(at).argmax(-1) for at in places.split(ROWS_AT_ONCE)]).cpu()


def accepted(agree) -> list:
    """Per verification, how many of DRAFTED tokens the main model takes over; it then adds one of its own."""
    counts, at = [], 0
    while at < len(agree):
        count = 0
        while count < DRAFTED and at + count < len(agree) and agree[at + count]:
            count += 1
        counts.append(count)
        at += count + 1
    return counts


def report(work: pathlib.Path, main_folder: pathlib.Path, draft_folder: pathlib.Path, choice: trainers.Choice) -> None:
    """Agreement in the answers of held-out conversations, each token after the true text before it."""
    main_model, draft = frozen(main_folder, work, choice), frozen(draft_folder, work, choice)
    agree, counts = [], []
    for conversation in batches.held_out(work, HELD_OUT):
        ids, starts, places, _, weights = map(torch.from_numpy, batches.arrays_of([conversation]))
        places = places[weights >= batches.SPARSE]
        if not len(places):
            continue
        same = (greedy(main_model, ids, starts, places) == greedy(draft, ids, starts, places)).numpy()
        agree.append(same)
        for answer in np.split(same, np.flatnonzero(np.diff(places.numpy()) > 1) + 1):
            counts += accepted(answer)
    agree = np.concatenate(agree)
    print(f"draft and main model choose the same token in {100 * agree.mean():.1f} % of {len(agree)} places; "
          f"{np.mean(counts):.2f} of {DRAFTED} drafted tokens are accepted")


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains the draft model.")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("main_model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--ranks", type=int)
    trainers.add_option(parser)
    args = parser.parse_args()
    _, shape = export.read_model(args.main_model)
    choice = trainers.choose(args.trainer)
    plan = DraftPlan(args.work, draft_shape(shape), choice, "draft", (4096, 8192), args.minutes, args.steps,
                     main_model=args.main_model)
    train(plan, choice.ranks(args.ranks), DraftTrainer)
    state = torch.load(plan.checkpoint(), weights_only=True)
    export.write_model(state["model"], plan.shape, BITS, args.work, args.out)
    report(args.work, args.main_model, args.out, choice)


if __name__ == "__main__":
    main()
