"""Trains the demo model: one process per core, each with its share of every batch, weights and gradients in shared
memory. Seeded; a later call goes on from checkpoint.pt as if there had been no break.

Usage: train.py WORK_FOLDER (--steps N | --minutes M) [--part broad|finish] [--ranks R] [--trainer fast|plain]
WORK_FOLDER holds tokenizer.json. Part `finish` starts from the checkpoint.pt that `broad` leaves, and leaves finish.pt.
"""
import argparse
import dataclasses
import math
import pathlib
import time

import numpy as np
import torch
import torch.multiprocessing as multiprocessing
from tokenizers import Tokenizer

import batches
import mixes
import trainers
from layout import Layout
from llama import Shape, initialise
from optimizer import Optimizer

SEED = 20
ROWS = 4096  # tokens of one forward pass
GROWN = 0.5  # the part of all steps over which the batch grows
MUON_RATE, ADAM_RATE, WEIGHT_DECAY = 0.02, 0.004, 0.05
FINISH_PEAK = 0.5
WARMUP, DECAY = 60, 0.4  # steps; the part of all steps over which the rate falls to 0
HELD_OUT = 200  # conversations
CHECKPOINT_SECONDS, LOG_STEPS = 300, 20


class Shared:
    """What the processes have in common."""

    def __init__(self, layout: Layout, ranks: int, device: str, context):
        self.ranks = ranks
        self.weights = torch.zeros(layout.size, device=device).share_memory_()
        self.gradients = torch.zeros(ranks, layout.size, device=device).share_memory_()
        self.moments = torch.zeros(2, layout.size, device=device).share_memory_()
        self.values = torch.zeros(2, ranks, 2, dtype=torch.float64).share_memory_()
        self.barrier = context.Barrier(ranks)
        self.wanted = context.Value("i", 0)


@dataclasses.dataclass
class Plan:
    """A run: its schedule and where it is."""
    work: pathlib.Path
    shape: Shape
    choice: trainers.Choice
    name: str = "checkpoint"  # of its .pt and .log
    batch: tuple = (8192, 16384)  # tokens of the first and of the last step
    minutes: float = 0.0
    steps: int = 0
    mix: mixes.Mix = mixes.BROAD
    peak: float = 1.0  # of the rates, as a part of MUON_RATE and ADAM_RATE
    base: pathlib.Path | None = None  # a checkpoint to take the first weights from; None: random ones
    first: int = 0
    position: tuple = (0, 0)
    tokens: int = 0

    def rate(self, step: int) -> float:
        """Up, level, and down to 0: a factor of MUON_RATE and ADAM_RATE."""
        return self.peak * min(1.0, (step + 1) / WARMUP, (self.steps - step) / (DECAY * self.steps))

    def batch_tokens(self, step: int) -> int:
        first, last = self.batch
        return int(first + (last - first) * min(1.0, step / (GROWN * self.steps)))

    def fix_steps(self, tokens: float) -> None:
        """As many steps as take about so many tokens."""
        first, last = self.batch
        self.steps = max(1, round(tokens / (last - (last - first) * GROWN / 2)))

    def checkpoint(self) -> pathlib.Path:
        return self.work / f"{self.name}.pt"


class Recent:
    """Loss and speed since the last line of the log."""

    def __init__(self):
        self.start, self.losses, self.tokens = time.monotonic(), [], 0

    def add(self, loss: float, tokens: int) -> None:
        self.losses.append(loss)
        self.tokens += tokens

    def speed(self) -> float:
        return self.tokens / (time.monotonic() - self.start)

    def minutes_left(self, plan: Plan, step: int) -> float:
        return sum(plan.batch_tokens(later) for later in range(step, plan.steps)) / self.speed() / 60

    def __str__(self) -> str:
        return f"loss {sum(self.losses) / len(self.losses):.4f}, {self.speed():.0f} tokens/s,"


class Trainer:
    """One process's part of the training. Rank 0 also logs and writes checkpoints."""

    def __init__(self, plan: Plan, shared: Shared, rank: int):
        self.plan, self.shared, self.rank = plan, shared, rank
        self.model = plan.choice.model(plan.shape, plan.work, shared.weights, shared.gradients[rank], ROWS)
        self.optimizer = Optimizer(self.model.layout, shared.weights, shared.gradients, shared.moments, rank,
                                   shared.ranks, plan.choice.precision)
        self.stream = batches.Stream(plan.work, plan.mix, plan.position, shared.wanted)
        self.held_out = batches.held_out(plan.work, HELD_OUT)
        self.turn = 0
        self.log_file = (plan.work / f"{plan.name}.log").open("a") if rank == 0 else None

    def log(self, text: str) -> None:
        if self.rank == 0:
            print(text, flush=True)
            print(text, file=self.log_file, flush=True)

    def meet(self, *values: float):
        """Waits for all ranks; returns the sums of their (two) values."""
        self.turn = 1 - self.turn  # a rank may come to the next meeting before others have read this one's values
        self.shared.values[self.turn, self.rank] = torch.tensor(values, dtype=torch.float64)
        self.shared.barrier.wait()
        return self.shared.values[self.turn].sum(0).tolist()

    def gradients(self, taken, step: int) -> float:
        """Fills this rank's gradients of the mean loss over `taken`; returns this rank's part of that mean."""
        rng = np.random.default_rng((SEED, step, self.rank))
        mine = batches.shares(taken, self.shared.ranks)[self.rank]
        total = sum(int(weights[1:].sum()) for _, weights in taken) / batches.WEIGHT_UNIT
        self.shared.gradients[self.rank].zero_()
        loss = 0.0
        for pack in batches.packs(mine, ROWS):
            ids, starts, places, targets, weights = map(torch.from_numpy, batches.arrays_of(pack, rng))
            loss += self.learn(ids, starts, places, targets, weights / total)
        return loss

    def learn(self, ids, starts, places, targets, weights) -> float:
        """Adds the gradients of one pack; returns its weighted loss."""
        self.model.forward(ids, starts)
        loss = self.model.loss(places, targets, weights)
        self.model.backward()
        return loss

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Mean loss of what the assistant says in the held-out conversations."""
        loss, count = 0.0, 0
        for pack in batches.packs(batches.shares(self.held_out, self.shared.ranks)[self.rank], ROWS):
            ids, starts, places, targets, weights = map(torch.from_numpy, batches.arrays_of(pack))
            said = weights >= batches.SPARSE
            self.model.forward(ids, starts)
            loss += self.model.loss(places[said], targets[said], torch.ones(int(said.sum())), learn=False)
            count += int(said.sum())
        loss, count = self.meet(loss, count)
        return loss / max(1.0, count)

    def measure(self, seconds: float = 20.0) -> float:
        """Tokens per second of training, with nothing learned."""
        stream = batches.Stream(self.plan.work, self.plan.mix, self.plan.position, self.shared.wanted)
        taken = stream.batch(self.plan.batch[1])
        tokens, start = 0, 0.0
        for turn in range(1 << 20):
            if turn == 1:
                start = time.monotonic()
            self.gradients(taken, turn)
            self.optimizer.step(0, 0.0, 0.0, 0.0)
            tokens += sum(len(ids) for ids, _ in taken) if turn else 0
            if self.meet(float(turn and time.monotonic() - start > seconds), 0.0)[0]:
                break
        speed, _ = self.meet(tokens / (time.monotonic() - start) / self.shared.ranks, 0.0)
        self.shared.moments.zero_()
        self.meet(0.0, 0.0)
        return speed

    def save(self, step: int) -> None:
        if self.rank != 0:
            return
        names = {name: tensor.cpu().clone() for name, tensor in self.model.layout.tensors(self.shared.weights).items()}
        plan = self.plan
        unfinished = plan.checkpoint().with_suffix(".tmp")
        torch.save({"model": names, "shape": dataclasses.asdict(plan.shape), "moments": self.shared.moments.cpu(),
                    "step": step, "steps": plan.steps, "tokens": plan.tokens,
                    "position": (self.stream.part, self.stream.place)}, unfinished)
        unfinished.rename(plan.checkpoint())

    def run(self) -> None:
        plan = self.plan
        self.log(str(plan.choice))
        if not plan.steps:
            speed = self.measure()
            plan.fix_steps(0.95 * speed * 60 * plan.minutes)
            self.log(f"{speed:.0f} tokens/s measured: {plan.steps} steps in {plan.minutes:g} minutes")
        self.log(f"{self.model.layout.size} parameters, {plan.shape}, steps {plan.first} to {plan.steps}")
        start = saved = time.monotonic()
        recent = Recent()
        for step in range(plan.first, plan.steps):
            taken = self.stream.batch(plan.batch_tokens(step))
            mine = self.gradients(taken, step)
            loss, due = self.meet(mine, float(time.monotonic() - saved > CHECKPOINT_SECONDS))
            if not math.isfinite(loss):
                raise SystemExit("the loss is not finite")
            factor = plan.rate(step)
            self.optimizer.step(step, MUON_RATE * factor, ADAM_RATE * factor, WEIGHT_DECAY)
            self.meet(0.0, 0.0)
            self.model.refresh()
            size = sum(len(ids) for ids, _ in taken)
            plan.tokens += size
            recent.add(loss, size)
            last = step + 1 == plan.steps
            if step % LOG_STEPS == LOG_STEPS - 1 or last:
                self.log(f"step {step + 1}/{plan.steps} {recent} {plan.tokens / 1e6:.2f} M tokens, "
                         f"{(time.monotonic() - start) / 60:.1f} min, {recent.minutes_left(plan, step + 1):.1f} to go")
                recent = Recent()
            if due or last:
                self.save(step + 1)
                self.log(f"step {step + 1} held-out loss {self.held_out_loss():.4f}, checkpoint")
                saved, recent = time.monotonic(), Recent()


def rank_main(rank: int, plan: Plan, shared: Shared, trainer: type) -> None:
    if rank:
        batches.die_with_parent()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    trainer(plan, shared, rank).run()


def resume(plan: Plan, shared: Shared, steps: int | None) -> None:
    """Fills the weights: fresh ones, those of the part before, or those of the checkpoint, whose plan goes on (with
    other steps if given)."""
    layout = Layout(plan.shape)
    if not plan.checkpoint().exists() and plan.base:
        state = torch.load(plan.base, weights_only=True)
        if state["step"] < state["steps"]:
            raise SystemExit(f"{plan.base} is at step {state['step']} of {state['steps']}: end that part first")
        for name, tensor in layout.tensors(shared.weights).items():
            tensor.copy_(state["model"][name])
        return
    if not plan.checkpoint().exists():
        torch.manual_seed(SEED)
        fresh = torch.zeros(layout.size)  # on the CPU, so that a device starts from the same weights
        for name, tensor in layout.tensors(fresh).items():
            initialise(name, tensor, plan.shape)
        shared.weights.copy_(fresh)
        return
    state = torch.load(plan.checkpoint(), weights_only=True)
    for name, tensor in layout.tensors(shared.weights).items():
        tensor.copy_(state["model"][name])
    shared.moments.copy_(state["moments"])
    plan.steps, plan.first, plan.tokens = steps or state["steps"], state["step"], state["tokens"]
    plan.position = tuple(state["position"])
    shared.wanted.value = plan.position[0]


def train(plan: Plan, ranks: int, trainer: type = Trainer) -> None:
    """Runs the plan in `ranks` processes, this one among them."""
    torch.set_num_threads(1)
    plan.choice.prepare(plan.work)
    context = multiprocessing.get_context("spawn")
    shared = Shared(Layout(plan.shape), ranks, plan.choice.device, context)
    resume(plan, shared, plan.steps)
    writer = context.Process(target=batches.write_ahead, args=(plan.work, plan.mix, shared.wanted), daemon=True)
    others = [context.Process(target=rank_main, args=(rank, plan, shared, trainer), daemon=True)
              for rank in range(1, ranks)]
    for process in (writer, *others):
        process.start()
    rank_main(0, plan, shared, trainer)
    for process in others:
        process.join()
    writer.terminate()


def argument_parser(text: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0.0, help="measure the speed and choose the steps by it")
    parser.add_argument("--ranks", type=int, help="processes, one per core (2) or CUDA device (1)")
    trainers.add_option(parser)
    return parser


def main() -> None:
    parser = argument_parser("Trains the demo model.")
    parser.add_argument("--part", choices=["broad", "finish"], default="broad",
                        help="finish goes on from the end of broad with the mix FINISH")
    args = parser.parse_args()
    vocab = Tokenizer.from_file(str(args.work / "tokenizer.json")).get_vocab_size()
    choice = trainers.choose(args.trainer)
    plan = Plan(args.work, Shape(vocab=vocab), choice, minutes=args.minutes, steps=args.steps)
    if args.part == "finish":
        plan = dataclasses.replace(plan, name="finish", batch=(8192, 12288), mix=mixes.FINISH, peak=FINISH_PEAK,
                                   base=plan.checkpoint())
    if not plan.steps and not plan.minutes and not plan.checkpoint().exists():
        raise SystemExit("a new run needs --steps or --minutes")
    train(plan, choice.ranks(args.ranks))


if __name__ == "__main__":
    main()
