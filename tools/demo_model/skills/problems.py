"""Small problems in words: people who have things, get more, give some away, or share.

The answer shows the sum before its result, so that it can be followed.
"""
from turns import Turn
from world import person_name, person_names

THINGS = ("apples books coins stones shells cups bells eggs pears plums cakes pens hats rings keys balls stars boats "
          "carrots buttons marbles feathers flowers lamps kites nuts seeds lemons drums maps").split()
MORE = ["gets {b} more", "finds {b} more", "buys {b} more", "picks up {b} more", "is given {b} more"]
LESS = ["gives away {b}", "loses {b}", "sells {b}", "drops {b}", "gives {b} to a friend"]


def amount(number: int, things: str) -> str:
    return f"{number} {things[:-1] if number == 1 else things}"


def one_step(rng, state):
    """Problem in words, one step"""
    name, things = person_name(rng), rng.choice(THINGS)
    top = rng.weighted([(10, 5), (20, 3), (60, 2)])
    a, b = rng.randint(2, top), rng.randint(1, top)
    grows = rng.chance(0.5)
    if not grows:
        a, b = max(a, b) + 1, min(a, b)
    result, sign = (a + b, "+") if grows else (a - b, "-")
    action = rng.choice(MORE if grows else LESS).format(b=b)
    yield Turn(f"{name} has {amount(a, things)}" + rng.choice([" and ", ". Then " + name + " "]) + action + ". "
               + rng.choice([f"How many {things} does {name} have?", f"How many {things} does {name} have now?"]),
               f"{a} {sign} {b} = {result}. {name} has {amount(result, things)}.", f"{result}.",
               f"First {a}, then {b} {'more' if grows else 'less'}: {a} {sign} {b} = {result}.")


def two_steps(rng, state):
    """Problem in words, two steps"""
    name, things = person_name(rng), rng.choice(THINGS)
    a, b, c = rng.randint(2, 12), rng.randint(1, 9), rng.randint(1, 9)
    plus, then_plus = rng.choice([(True, False), (False, True), (True, True)])
    if not plus:
        a, b = max(a, b) + 1, min(a, b)
    middle = a + b if plus else a - b
    if not then_plus:
        c = min(c, middle - 1)
    result = middle + c if then_plus else middle - c
    s, t = "+" if plus else "-", "+" if then_plus else "-"
    first, second = rng.choice(MORE if plus else LESS).format(b=b), rng.choice(MORE if then_plus else LESS).format(b=c)
    yield Turn(f"{name} has {amount(a, things)}, {first} and then {second}. How many {things} does {name} have now?",
               f"{a} {s} {b} = {middle}. {middle} {t} {c} = {result}. {name} has {amount(result, things)}.",
               f"{result}.",
               f"First {a}, then {b} {'more' if plus else 'less'}, then {c} {'more' if then_plus else 'less'}.")


def two_people(rng, state):
    """Problem in words, two people"""
    name, other = person_names(rng, 2)
    things, a, b = rng.choice(THINGS), rng.randint(2, 20), rng.randint(2, 20)
    text = f"{name} has {amount(a, things)} and {other} has {amount(b, things)}. "
    if a <= b or rng.chance(0.5):
        yield Turn(text + rng.choice([f"How many {things} do they have together?",
                                      f"How many {things} do {name} and {other} have together?"]),
                   f"{a} + {b} = {a + b}. Together they have {amount(a + b, things)}.", f"{a + b}.",
                   f"Together means plus: {a} + {b} = {a + b}.")
    else:
        more = f"{a - b} more {things[:-1] if a - b == 1 else things}"
        yield Turn(text + f"How many more {things} does {name} have than {other}?",
                   f"{a} - {b} = {a - b}. {name} has {more} than {other}.", f"{a - b}.",
                   f"How many more means minus: {a} - {b} = {a - b}.")


def groups(rng, state):
    """Problem in words, times"""
    things, holder = rng.choice(THINGS), rng.choice(["bag", "box", "basket", "bowl", "cupboard", "jar", "room", "cart"])
    a, b = rng.randint(2, 10), rng.randint(2, 10)
    holders = holder + ("es" if holder == "box" else "s")
    yield Turn(rng.choice([f"There are {a} {holders} with {b} {things} in each {holder}. How many {things} are there?",
                           f"{person_name(rng)} has {a} {holders}. There are {b} {things} in each {holder}. "
                           f"How many {things} are there?"]),
               f"{a} * {b} = {a * b}. There are {a * b} {things}.", f"{a * b}.",
               f"{a} {holders} with {b} each means times: {a} * {b} = {a * b}.")


SKILLS = [(one_step, 5), (two_steps, 3), (two_people, 4), (groups, 2)]
