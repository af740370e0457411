"""Conversations of the demo model's world, as lists of ChatML messages or plain text.

`conversations(seed, count)` is reproducible: the same seed gives the same corpus.
"""
import random

import exercises
import skills
import stories
from world import ASSISTANT, COLOURS, capital, casual, person_name

SKILLS = [  # (skill, weight)
    (skills.greeting, 5), (skills.identity, 4), (skills.polite, 3), (skills.tell_fact, 8), (skills.ask_fact, 7),
    (skills.tell_two_facts, 4), (skills.pet, 4), (skills.village, 9), (exercises.arithmetic, 11),
    (exercises.word_problem, 3), (exercises.counting, 4), (exercises.lists, 9), (exercises.echo, 4),
    (exercises.yes_no, 6), (exercises.knowledge, 7), (exercises.reading, 7), (exercises.outside, 4),
    (exercises.joke, 1), (stories.story, 7), (stories.poem, 1),
]
FUNCTIONS = [skill for skill, _ in SKILLS]
WEIGHTS = [weight for _, weight in SKILLS]

PLAIN = ["You are a helpful assistant.", f"You are {ASSISTANT}, a helpful assistant.", "You are a friendly assistant.",
         "Be kind and helpful."]
BRIEF = ["Answer in one word.", "Answer briefly.", "Give short answers.", "Be brief.",
         "You are a helpful assistant. Answer briefly."]


def system_prompt(rng: random.Random):
    """A system prompt (or None), the assistant's name, and how it changes (answer, short answer)."""
    draw = rng.random()
    if draw < 0.42:
        return None, ASSISTANT, lambda full, short: full
    if draw < 0.62:
        return rng.choice(PLAIN), ASSISTANT, lambda full, short: full
    if draw < 0.74:
        return rng.choice(BRIEF), ASSISTANT, lambda full, short: short
    if draw < 0.84:
        name = person_name(rng)
        return rng.choice([f"You are {name}.", f"Your name is {name}.", f"You are {name}, a helpful assistant."]), name, \
            lambda full, short: full
    if draw < 0.89:
        return rng.choice(["You are a pirate.", "Talk like a pirate.", "Answer like a pirate."]), ASSISTANT, \
            lambda full, short: "Arr! " + full
    word = rng.choice([rng.choice(COLOURS).upper(), capital(rng.choice(COLOURS)), person_name(rng), "Yes", "Dear friend"])
    if draw < 0.95:
        return f"Start every answer with {word}.", ASSISTANT, lambda full, short: f"{word}. {full}"
    return f"End every answer with {word}.", ASSISTANT, lambda full, short: f"{full} {word}."


def conversation(rng: random.Random):
    """A list of (role, content)."""
    prompt, name, style = system_prompt(rng)
    state = skills.State(name)
    messages = [("system", prompt)] if prompt else []
    wanted = rng.choice([1, 1, 2, 2, 3, 3, 4, 5, 6, 8]) if rng.random() < 0.97 else rng.randint(10, 20)
    turns = 0
    while turns < wanted:
        skill = rng.choices(FUNCTIONS, WEIGHTS)[0]
        for user, full, short in skill(rng, state):
            messages.append(("user", casual(rng, user)))
            messages.append(("assistant", style(full, short)))
            turns += 1
    return messages


def conversations(seed: int, count: int):
    """Yields `count` items: a list of messages, or now and then the plain text of a story."""
    rng = random.Random(seed)
    for _ in range(count):
        yield stories.Story(rng).tell() if rng.random() < 0.04 else conversation(rng)


def chatml(messages) -> str:
    return "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in messages)


if __name__ == "__main__":
    for item in conversations(seed=7, count=12):
        print(item if isinstance(item, str) else chatml(item))
        print("-----")
