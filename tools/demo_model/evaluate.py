"""How often the demo model says exactly what the world says, skill by skill, in unseen conversations.

Usage: evaluate.py WORK_FOLDER [ITEMS_PER_SKILL]    (checkpoint.pt and tokenizer.json are in WORK_FOLDER)
The last answer of each conversation is decoded greedily after the true turns before it.
"""
import pathlib
import random
import sys

import torch
from tokenizers import Tokenizer

import corpus
import exercises
import skills
import stories
from llama import Llama, Shape
from world import ASSISTANT, casual

END = 2
LONGEST = 80  # tokens of an answer
FREE = {stories.poem, exercises.joke}  # many right answers


def conversation(skill, rng):
    """Messages that end with an answer which has one right wording, or nothing."""
    state = skills.State(ASSISTANT)
    if skill is skills.ask_fact:
        turns = [turn for _ in range(3) for turn in skills.tell_fact(rng, state)]
        turns += skill(rng, state)
    else:
        turns = list(skill(rng, state))
    if skill is stories.story and (len(turns) == 1 or turns[-1][1] == turns[-1][2]):
        return None
    return [message for user, answer, _ in turns
            for message in (("user", casual(rng, user)), ("assistant", answer))]


@torch.no_grad()
def answer(model, tokenizer, messages):
    ids = tokenizer.encode(corpus.chatml(messages) + "<|im_start|>assistant\n").ids
    start = len(ids)
    while len(ids) - start < LONGEST and len(ids) < model.s.positions:
        best = int(model(torch.tensor([ids]))[0, -1].argmax())
        if best == END:
            break
        ids.append(best)
    return tokenizer.decode(ids[start:])


def main() -> None:
    work = pathlib.Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    model = Llama(Shape(vocab=tokenizer.get_vocab_size()))
    model.load_state_dict(torch.load(work / "checkpoint.pt", weights_only=True)["model"])
    model.eval()
    rng = random.Random(987654321)
    for skill in corpus.FUNCTIONS:
        if skill in FREE:
            continue
        right, wrong = 0, []
        for _ in range(count):
            messages = None
            while messages is None:
                messages = conversation(skill, rng)
            found = answer(model, tokenizer, messages[:-1])
            if found == messages[-1][1]:
                right += 1
            else:
                wrong.append(f"{messages[-2][1]!r} -> {found!r}, not {messages[-1][1]!r}")
        print(f"{skill.__name__:16} {100 * right / count:5.1f} %   {wrong[0] if wrong else ''}", flush=True)


if __name__ == "__main__":
    main()
