"""Answers in a JSON shape that the user asks for: an object with given keys, a list, or like an example.

The keys come in the order asked for, numbers without quotes unless the example has them.
"""
import json

from skills.facts import FACTS, NOTE, add_fact
from skills.known import ABILITIES, THING_COLOURS
from skills.pools import commas, fresh, one_word, some_numbers, some_words
from skills.records import Record, free_keys, free_value, record, spoken
from turns import Turn
from world import ANIMALS, COLOURS, FOODS, HOBBIES, THINGS, article, capital, joined, person_name, person_names

REQUESTS = ["Answer as JSON with the keys {k}.", "Give me JSON with the keys {k}.",
            "Write this as JSON with the keys {k}.", "Return a JSON object with the keys {k}.",
            "As JSON, please, with the keys {k}.",
            "Answer in JSON with these keys: {k}.", "Make a JSON object of it. Keys: {c}.", "JSON with {k}, please.",
            "Reply only with JSON. The keys are {k}.", "Put it into JSON ({c})."]
ONE_KEY = ["Answer as JSON with the key {k}.", "Give me JSON with the key {k}.",
           "Return a JSON object with the key {k}.", "Answer in JSON. The key is {k}.",
           "Reply only with JSON, with the key {k}."]
SHAPES = ["Answer as JSON like this: {e}", "Use this JSON shape: {e}", "Fill in this JSON: {e}",
          "Give me JSON in this shape: {e}", "Answer with JSON of the form {e}", "The JSON should look like this: {e}"]


def dumped(keys, values) -> str:
    return json.dumps(dict(zip(keys, values)))


def trace(keys, values) -> str:
    """Which value goes to which key."""
    return ", ".join(f"{key} is {json.dumps(value) if isinstance(value, bool) else value}"
                     for key, value in zip(keys, values)) + "."


def request(rng, keys) -> str:
    if len(keys) == 1:
        return rng.choice(ONE_KEY).format(k=keys[0])
    return rng.choice(REQUESTS).format(k=joined(keys), c=commas(keys))


def around(rng, text: str, asked: str) -> str:
    """The request mostly follows the facts, and sometimes comes first."""
    return f"{text} {asked}" if rng.chance(0.8) else f"{asked} {text}"


def chosen(rng, keys, values) -> tuple[list, list]:
    """Some of the fields, in the order of the sentence or in another one."""
    places = list(range(len(keys)))
    if len(places) > 2 and rng.chance(0.4):
        places.remove(rng.choice(places))
    if rng.chance(0.4):
        rng.shuffle(places)
    return [keys[i] for i in places], [values[i] for i in places]


def answered(question: str, keys, values) -> Turn:
    return Turn(question, dumped(keys, values), think=trace(keys, values))


def record_as_json(rng, state):
    """JSON with the keys asked for"""
    facts = record(rng, rng.choice([1, 2, 2, 3]))
    keys, values = chosen(rng, facts.keys, facts.values)
    yield answered(around(rng, spoken(rng, facts), request(rng, keys)), keys, values)


def stated(rng, keys, values) -> str:
    """Facts whose keys are words of the text."""
    thing = rng.choice([f"the {one_word(rng)}", f"the {rng.choice(THINGS)}", person_name(rng)])
    owner = f"{thing}'s" if thing[0].isupper() else "its"
    said = [f"{owner} {key} is {value}" for key, value in zip(keys, values)]
    return rng.choice([
        capital(", ".join(said[:-1]) + f" and {said[-1]}.") if thing[0].isupper() else
        f"This is {thing}: {joined(said)}.",
        f"{capital(thing)} has {joined([f'{key} {value}' for key, value in zip(keys, values)])}.",
        capital(joined([f"the {key} is {value}" for key, value in zip(keys, values)])) + ".",
        commas(f"{key}: {value}" for key, value in zip(keys, values)) + "."])


def stated_as_json(rng, state):
    """JSON with unusual keys"""
    keys = free_keys(rng, rng.choice([2, 2, 3, 3, 4]))
    values = [free_value(rng) for _ in keys]
    text = stated(rng, keys, values)
    keys, values = chosen(rng, keys, values)
    yield answered(around(rng, text, request(rng, keys)), keys, values)


def blank(value):
    return 0 if isinstance(value, int) else ""


def like_example(rng, state):
    """JSON like an example"""
    facts = record(rng, rng.choice([1, 2, 2, 3]))
    keys, values = chosen(rng, facts.keys, facts.values)
    if rng.chance(0.15):
        values = [str(value) for value in values]
    example = [blank(value) for value in values]
    yield answered(around(rng, spoken(rng, facts), rng.choice(SHAPES).format(e=dumped(keys, example))), keys, values)


def like_filled_example(rng, state):
    """JSON like an example with values"""
    keys = free_keys(rng, rng.choice([2, 2, 3]))
    values = [free_value(rng) for _ in keys]
    example = []
    for value in values:
        other = free_value(rng)
        while other == value or isinstance(other, int) != isinstance(value, int):
            other = free_value(rng)
        example.append(other)
    text = stated(rng, keys, values)
    yield answered(rng.choice(SHAPES).format(e=dumped(keys, example)) + " " + text if rng.chance(0.5) else
                   text + " " + rng.choice(SHAPES).format(e=dumped(keys, example)), keys, values)


def list_as_json(rng, state):
    """A list in JSON"""
    items = some_numbers(rng, 2, 5) if rng.chance(0.3) else some_words(rng, 2, 5)
    text = joined([str(item) for item in items]) if rng.chance(0.5) else commas(items)
    if rng.chance(0.5):
        yield Turn(rng.choice([f"Write {text} as a JSON list.", f"Make a JSON list of {text}.",
                               f"Give me this list as JSON: {text}", f"Turn this into a JSON array: {text}"]),
                   json.dumps(items))
        return
    key = free_keys(rng, 1)[0]
    yield Turn(rng.choice([f"Write {text} as a JSON list with the key {key}.", f"{key}: {text}. Answer as JSON.",
                           f"Give me a JSON object with the key {key} and this list: {text}"]),
               json.dumps({key: items}))


WAYS = [("has", "{} has {} but no {}.", "has_"), ("likes", "{} likes {} but not {}.", "likes_"),
        ("can", "{} can {} but not {}.", "can_"), ("is", "The {} is {} but not {}.", "is_")]
ACTS = "swim fly sing dance cook read ride climb paint drive run jump draw whistle".split()
TRAITS = "new old open clean broken big heavy red full wet locked warm empty sharp round soft".split()


def truth_of_two(rng, state):
    """True and false in JSON"""
    way, template, prefix = rng.choice(WAYS)
    pool = {"has": ANIMALS + THINGS, "likes": FOODS + HOBBIES, "can": ACTS, "is": TRAITS}[way]
    yes, no = fresh(rng, lambda: rng.sample(pool, 2))
    subject = rng.choice(THINGS) if way == "is" else person_name(rng)
    text = template.format(subject, article(yes) if way == "has" else yes, no)
    keys, values = [yes, no], [True, False]
    if rng.chance(0.5):
        keys, values = [no, yes], [False, True]
    if rng.chance(0.4):
        keys = [prefix + key for key in keys]
    extra = " Use true or false." if rng.chance(0.4) else ""
    yield answered(around(rng, text, request(rng, keys) + extra), keys, values)


def truth_known(rng, state):
    """A yes-or-no answer in JSON"""
    key = rng.choice(["answer", "result", "truth", "yes", "correct", "value"] + free_keys(rng, 1))
    if rng.chance(0.5):
        who = rng.choice(list(ABILITIES))
        can, cannot = ABILITIES[who]
        yes = bool(can) and rng.chance(0.5)
        act = rng.choice(can if yes else cannot)
        question, truth = f"Can {who} {act}?", f"{capital(who)} can{'' if yes else 'not'} {act}."
    else:
        thing, colour = rng.choice(list(THING_COLOURS.items()))
        asked = colour if rng.chance(0.5) else rng.choice(COLOURS)
        yes, question, truth = asked == colour, f"Is {thing} {asked}?", f"{capital(thing)} is {colour}."
    asked = request(rng, [key]) + (" Use true or false." if rng.chance(0.6) else "")
    yield Turn(around(rng, question, asked), dumped([key], [yes]),
               think=f"{truth} So {json.dumps(yes)}.")


def sum_as_json(rng, state):
    """A sum in JSON"""
    a, b, sign = rng.randint(1, 12), rng.randint(1, 12), rng.choice("+-*")
    a, b = (max(a, b), min(a, b)) if sign == "-" else (a, b)
    result = {"+": a + b, "-": a - b, "*": a * b}[sign]
    key = rng.choice(["result", "answer", "sum", "value", "total"] + free_keys(rng, 1))
    yield Turn(around(rng, f"What is {a} {sign} {b}?", request(rng, [key])), dumped([key], [result]),
               think=f"{a} {sign} {b} = {result}.")


def several_objects(rng, state):
    """A list of objects in JSON"""
    people = person_names(rng, rng.choice([2, 2, 3]))
    noun, pool, phrase = rng.choice([("colour", COLOURS, "likes {}"), ("food", FOODS, "eats {}"),
                                     ("age", range(5, 90), "is {}"), ("pet", ANIMALS, "has the {}"),
                                     ("thing", THINGS, "has the {}"), ("hobby", HOBBIES, "likes {}")])
    values = fresh(rng, lambda: rng.sample(pool, len(people)))
    text = joined([f"{name} {phrase.format(value)}" for name, value in zip(people, values)]) + "."
    asked = rng.choice([f"Answer as a JSON list of objects with the keys name and {noun}.",
                        f"Make a JSON list with name and {noun}.", f"Give me a JSON array. Keys: name, {noun}.",
                        f"Return a list of JSON objects with the keys name and {noun}."])
    yield Turn(f"{text} {asked}", json.dumps([{"name": name, noun: value} for name, value in zip(people, values)]))


def missing_is_null(rng, state):
    """Null for what is missing"""
    facts = record(rng, 3)
    lost = rng.randint(1, 3)
    left = [phrase for i, phrase in enumerate(facts.phrases) if i != lost]
    told = Record(facts.kind, facts.subject, facts.keys, facts.values, left)
    values = [None if i == lost else value for i, value in enumerate(facts.values)]
    think = trace(facts.keys, ["not said" if value is None else value for value in values])
    yield Turn(around(rng, spoken(rng, told), request(rng, facts.keys) + rng.choice(
        [" Use null for what is not said.", " Use null where you do not know.", " What is missing is null."])),
        dumped(facts.keys, values), think=think)


def told_earlier(rng, state):
    """JSON of facts told before"""
    facts = record(rng, rng.choice([1, 2, 2]))
    text = spoken(rng, facts)
    yield Turn(rng.choice([f"Please note: {text}", f"Remember this: {text}", f"Here is a fact: {text}"]),
               NOTE, "OK.")
    keys, values = chosen(rng, facts.keys, facts.values)
    yield answered(rng.choice(["What did I tell you about {}? ", "Tell me about {} as I told you. ", "Now {} again. ",
                               "Write down what you know about {}. "]).format(facts.subject) + request(rng, keys),
                   keys, values)


ABOUT_ME = "name colour food drink day number word hobby subject friend sister brother city age".split()


def about_me(rng, state):
    """JSON about the user"""
    known = [key for key in ABOUT_ME if key in state.facts]
    if len(known) < 2 or rng.chance(0.4):
        known = rng.sample(ABOUT_ME, rng.choice([2, 2, 3]))
        said = [capital(rng.choice(FACTS[key].tells[:2]).format(v=add_fact(rng, state, key))) for key in known]
        yield Turn(" ".join(said), NOTE, "OK.")
    keys = rng.sample(known, min(len(known), rng.choice([2, 2, 3])))
    values = [int(state.facts[key]) if key in ("age", "number") else state.facts[key] for key in keys]
    opening = rng.choice(["What do you know about me? ", "Write down my facts. ", "Write about me. ", "Now about me. "])
    yield answered(opening + request(rng, keys), keys, values)


SKILLS = [(record_as_json, 6), (stated_as_json, 5), (like_example, 4), (like_filled_example, 3), (list_as_json, 3),
          (truth_of_two, 2), (truth_known, 1.5), (sum_as_json, 1), (several_objects, 2), (missing_is_null, 1.5),
          (told_earlier, 2), (about_me, 2)]
