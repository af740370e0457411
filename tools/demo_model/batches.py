"""Training data: parts of encoded conversations, written ahead by a background process, and batches cut from them.

A part is a file of a few thousand conversations and depends on the seed and its number only, so that a run which goes
on from a checkpoint sees the same batches. `batches.py WORK_FOLDER PARTS` writes the first parts in advance.
"""
import ctypes
import os
import pathlib
import signal
import sys
import time

import numpy as np
from tokenizers import Tokenizer

import corpus
from mixes import BROAD, Mix

PART = 2000  # conversations
HELD_OUT_SEED = 77
AHEAD = 3    # parts
WEIGHT_UNIT = 200  # weights are stored as whole numbers of 1 / WEIGHT_UNIT
POSITIONS = 2048
SPARSE, KEPT = 0.5, 0.25  # of the places whose weight is below SPARSE only this share is trained, at more weight


def encoded(tokenizer: Tokenizer, conversations):
    """One array of ids, one of weights, and the lengths; longer conversations than the context are cut."""
    ids, weights, lengths = [], [], []
    for conversation in conversations:
        tokens, weight = corpus.encode(tokenizer, conversation)
        if not tokens:
            continue
        lengths.append(min(len(tokens), POSITIONS))
        ids.append(np.array(tokens[:POSITIONS], np.uint16))
        weights.append(np.rint(np.array(weight[:POSITIONS]) * WEIGHT_UNIT).astype(np.uint8))
    return {"ids": np.concatenate(ids), "weights": np.concatenate(weights), "lengths": np.array(lengths, np.int32)}


def part_path(work: pathlib.Path, mix: Mix, part: int) -> pathlib.Path:
    return work / "parts" / mix.name / f"{part:04d}.npz"


def write_part(work: pathlib.Path, tokenizer: Tokenizer, mix: Mix, part: int) -> None:
    path = part_path(work, mix, part)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = encoded(tokenizer, corpus.conversations(seed=mix.seed + part, count=PART, mix=mix))
    draft = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(draft, **arrays)
    draft.rename(path)


def die_with_parent() -> None:
    """Linux ends this process when its parent ends, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def write_ahead(work: pathlib.Path, mix: Mix, wanted) -> None:
    """Body of the background process: keeps AHEAD parts ready after part number `wanted` (a shared integer)."""
    die_with_parent()
    os.nice(10)
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    part = wanted.value
    while True:
        if part > wanted.value + AHEAD:
            time.sleep(0.2)
            continue
        write_part(work, tokenizer, mix, part)
        part += 1


def held_out(work: pathlib.Path, count: int):
    """Conversations with names and words that no training text holds: [(ids, weights)]."""
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    return cut(encoded(tokenizer, corpus.conversations(seed=HELD_OUT_SEED, count=count, held_out=True)))


def cut(arrays) -> list:
    ends = np.cumsum(arrays["lengths"])[:-1]
    return list(zip(np.split(arrays["ids"], ends), np.split(arrays["weights"], ends)))


class Stream:
    """Conversations from a position (part, place in the part) on."""

    def __init__(self, work: pathlib.Path, mix: Mix, position, wanted):
        self.work, self.mix, self.wanted = work, mix, wanted
        self.part, self.place = position
        self.conversations = None

    def next(self):
        if self.conversations is None:
            self.conversations = self.load()
        found = self.conversations[self.place]
        self.place += 1
        if self.place == len(self.conversations):
            self.part, self.place, self.conversations = self.part + 1, 0, None
        return found

    def load(self):
        self.wanted.value = max(self.wanted.value, self.part)
        path = part_path(self.work, self.mix, self.part)
        while not path.exists():
            time.sleep(0.05)
        with np.load(path) as arrays:
            return cut({name: arrays[name] for name in arrays})

    def batch(self, tokens: int):
        """The next conversations, of at least `tokens` tokens together."""
        taken, total = [], 0
        while total < tokens:
            taken.append(self.next())
            total += len(taken[-1][0])
        return taken


def work_of(conversation) -> int:
    """About the time that a conversation takes: attention grows with the square of the length."""
    length = len(conversation[0])
    return length * (1400 + length)


def shares(conversations, ranks: int):
    """The conversations of each rank, so that all have about the same work."""
    loads, lists = [0] * ranks, [[] for _ in range(ranks)]
    for conversation in sorted(conversations, key=work_of, reverse=True):
        least = loads.index(min(loads))
        loads[least] += work_of(conversation)
        lists[least].append(conversation)
    return lists


def packs(conversations, rows: int):
    """Lists of conversations of at most `rows` tokens together."""
    pack, size = [], 0
    for conversation in conversations:
        if size + len(conversation[0]) > rows:
            yield pack
            pack, size = [], 0
        pack.append(conversation)
        size += len(conversation[0])
    if pack:
        yield pack


def arrays_of(pack, rng=None):
    """ids, starts, and the places that are trained with their targets and weights. With `rng` places of small weight
    are sampled."""
    lengths = [len(ids) for ids, _ in pack]
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    ids = np.concatenate([ids for ids, _ in pack]).astype(np.int64)
    weights = np.concatenate([weights for _, weights in pack]).astype(np.float32) / WEIGHT_UNIT
    weights[starts[:-1]] = 0  # nothing predicts the first token
    if rng is not None:
        small = weights < SPARSE
        weights[small] *= (rng.random(len(weights)) < KEPT)[small] / KEPT
    places = np.flatnonzero(weights) - 1
    return ids, starts, places, ids[places + 1].astype(np.int32), weights[places + 1]


def main() -> None:
    work = pathlib.Path(sys.argv[1])
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    for part in range(int(sys.argv[2])):
        start = time.time()
        write_part(work, tokenizer, BROAD, part)
        with np.load(part_path(work, BROAD, part)) as arrays:
            lengths = arrays["lengths"]
        print(f"part {part}: {lengths.sum()} tokens, longest {lengths.max()}, {time.time() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
