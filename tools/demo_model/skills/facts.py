"""What users tell about themselves, their pets and friends, and ask later: told, told anew, or never told.

Every fact has a key ("your favourite food"); its question names the key, and the answer repeats it before the value.
"""
import dataclasses

from skills import talk
from turns import Dice, State, Turn, verdict
from world import (ANIMALS, CITIES, COLOURS, DAYS, FOODS, HOBBIES, MONTHS, THINGS, article, capital, invented_word,
                   person_name)

JOBS = "baker teacher gardener painter farmer sailor doctor cook driver singer writer builder nurse pilot".split()
SUBJECTS = "music history art sport science reading drawing geography dancing".split()
INSTRUMENTS = "piano drum flute violin guitar trumpet harp".split()
DRINKS = "tea milk water juice coffee lemonade cocoa".split()


@dataclasses.dataclass
class Fact:
    """The texts about one key, with {v} for its value."""
    key: str  # as in "You did not tell me {key}."
    tells: tuple
    asks: tuple
    answer: str
    value: object  # Dice -> the value
    note: str = ""  # how the assistant takes note of it; "" means the usual way


def city_name(rng: Dice) -> str:
    return rng.choice(CITIES) if rng.chance(0.4) and not rng.held_out else invented_word(rng).capitalize()


def noun_fact(noun: str, values, more_asks: tuple = (), backwards: bool = True) -> Fact:
    tells = (f"My {noun} is {{v}}.", f"My {noun} is {{v}}.", f"Remember that my {noun} is {{v}}.",
             f"You should know that my {noun} is {{v}}.")
    return Fact(f"your {noun}", tells + (f"{{v}} is my {noun}.",) * backwards,
                (f"What is my {noun}?", f"What is my {noun}?", f"Do you know my {noun}?", f"What's my {noun}?",
                 f"Do you remember my {noun}?", f"Tell me my {noun}.", f"Can you tell me my {noun}?") + more_asks,
                f"Your {noun} is {{v}}.", values if callable(values) else lambda rng: rng.choice(values))


FACTS = {
    "name": Fact("your name", ("My name is {v}.", "My name is {v}.", "I am {v}.", "I'm {v}.", "Call me {v}.",
                               "Hi, I am {v}.", "Hello, my name is {v}.", "Hello! My name is {v}.",
                               "Hi! My name is {v}."),
                 ("What is my name?", "What is my name?", "What's my name?", "Who am I?", "Do you know my name?",
                  "What am I called?", "Do you remember my name?", "Tell me my name."),
                 "Your name is {v}.", person_name, "Nice to meet you, {v}!"),
    "colour": noun_fact("favourite colour", COLOURS, ("Which colour do I like best?",)),
    "food": noun_fact("favourite food", FOODS, ("Which food do I like best?",)),
    "drink": noun_fact("favourite drink", DRINKS, ("Which drink do I like best?",)),
    "animal": noun_fact("favourite animal", lambda rng: f"the {rng.choice(ANIMALS)}",
                        ("Which animal do I like best?",)),
    "day": noun_fact("favourite day", DAYS, ("Which day do I like best?",)),
    "number": noun_fact("lucky number", lambda rng: str(rng.randint(0, 999))),
    "word": noun_fact("code word", lambda rng: rng.choice(THINGS) if rng.chance(0.3) else invented_word(rng),
                      backwards=False),
    "hobby": noun_fact("hobby", HOBBIES),
    "subject": noun_fact("favourite subject", SUBJECTS),
    "friend": Fact("who your best friend is",
                   ("My best friend is {v}.", "My best friend is {v}.", "{v} is my best friend."),
                   ("Who is my best friend?", "Who is my best friend?", "Do you know who my best friend is?",
                    "Tell me who my best friend is."), "Your best friend is {v}.", person_name),
    "sister": noun_fact("sister's name", person_name, ("What is my sister called?",)),
    "brother": noun_fact("brother's name", person_name, ("What is my brother called?",)),
    "street": noun_fact("street", lambda rng: f"{invented_word(rng).capitalize()} Street"),
    "city": Fact("where you live", ("I live in {v}.", "I live in {v}.", "My home is in {v}.", "I moved to {v}."),
                 ("Where do I live?", "Where do I live?", "Which city do I live in?", "Do you know where I live?",
                  "Tell me where I live."), "You live in {v}.",
                 city_name),
    "age": Fact("how old you are", ("I am {v} years old.", "I am {v} years old.", "I'm {v} years old."),
                ("How old am I?", "How old am I?", "What is my age?", "Do you know how old I am?"),
                "You are {v} years old.", lambda rng: str(rng.randint(5, 99))),
    "job": Fact("your job", ("I work as {v}.", "My job is {v}.", "I have a job as {v}."),
                ("What is my job?", "What is my job?", "What do I work as?", "Do you know my job?"),
                "You work as {v}.", lambda rng: article(rng.choice(JOBS))),
    "instrument": Fact("which instrument you play", ("I play the {v}.", "I can play the {v}."),
                       ("Which instrument do I play?", "What instrument can I play?",
                         "Do you know which instrument I play?"),
                       "You play the {v}.", lambda rng: rng.choice(INSTRUMENTS)),
    "birthday": Fact("when your birthday is", ("My birthday is in {v}.", "I have my birthday in {v}."),
                     ("When is my birthday?", "In which month is my birthday?", "Do you know when my birthday is?"),
                     "Your birthday is in {v}.", lambda rng: rng.choice(MONTHS)),
}
UNKNOWN = "I do not know."
NOTE = "I will remember that."
FRIEND_KEYS = {"favourite colour": COLOURS, "favourite food": FOODS, "hobby": HOBBIES, "favourite day": DAYS,
               "favourite animal": [f"the {animal}" for animal in ANIMALS], "job": [article(job) for job in JOBS]}


def add_fact(rng: Dice, state: State, key: str) -> str:
    """Puts a new value of the key into the state, as the latest one told."""
    old = state.facts.pop(key, None)
    value = FACTS[key].value(rng)
    while value == old:
        value = FACTS[key].value(rng)
    state.facts[key] = value
    return value


def tell_turn(rng: Dice, state: State, key: str) -> Turn:
    value, fact = add_fact(rng, state, key), FACTS[key]
    answer = fact.answer.format(v=value)
    note = fact.note.format(v=value) or f"I will remember: {answer[0].lower()}{answer[1:]}"
    return Turn(capital(rng.choice(fact.tells).format(v=value)), note, "OK.")


def ask_turn(rng: Dice, state: State, key: str) -> Turn:
    fact, value = FACTS[key], state.facts.get(key)
    question = rng.choice(fact.asks)
    if value is None:
        return Turn(question, f"You did not tell me {fact.key}.", UNKNOWN,
                    f"I look for {fact.key}. The user did not tell it.")
    answer = fact.answer.format(v=value)
    return Turn(question, answer, f"{value if key == 'word' else capital(value)}.", f"I look for {fact.key}. {answer}")


def told_keys(state: State) -> list:
    return [key for key in state.facts if key in FACTS]


def untold_keys(state: State) -> list:
    return [key for key in FACTS if key not in state.facts]


def some_key(rng: Dice, keys: list) -> str:
    """Any of the keys; the name is what people tell most."""
    return "name" if "name" in keys and rng.chance(0.25) else rng.choice(keys)


def tell(rng: Dice, state: State):
    """Takes note of a fact"""
    yield tell_turn(rng, state, some_key(rng, untold_keys(state) or list(FACTS)))


def tell_several(rng: Dice, state: State):
    """Two to four facts at once"""
    keys = rng.sample(list(FACTS), rng.choice((2, 2, 3, 4)))
    parts = []
    for key in keys:
        value = add_fact(rng, state, key)
        parts.append(capital(rng.choice(FACTS[key].tells[:2]).format(v=value)))
    if rng.chance(0.3):
        asked = ask_turn(rng, state, rng.choice(keys))
        yield dataclasses.replace(asked, user=" ".join(parts + [asked.user]))
        return
    yield Turn(" ".join(parts), NOTE, "OK.")
    yield from talk.filler(rng, state)
    yield ask_turn(rng, state, rng.choice(keys))


def recall(rng: Dice, state: State):
    """Recalls a fact"""
    if not told_keys(state):
        for key in rng.sample(list(FACTS), rng.choice((1, 2, 3))):
            yield tell_turn(rng, state, key)
        yield from talk.filler(rng, state)
    keys = told_keys(state)
    yield ask_turn(rng, state, rng.choice(keys[:2] if rng.chance(0.5) else keys))  # half of them told long ago


def untold(rng: Dice, state: State):
    """Says what it was not told"""
    keys = untold_keys(state)
    if keys:
        yield ask_turn(rng, state, some_key(rng, keys))
    else:
        yield from recall(rng, state)


def told_or_not(rng: Dice, state: State):
    """Facts told and not told, mixed"""
    if len(told_keys(state)) < 2:
        for key in rng.sample(untold_keys(state), 2):
            yield tell_turn(rng, state, key)
    for _ in range(rng.choice((1, 2, 3))):
        keys = told_keys(state) if rng.chance(0.5) else untold_keys(state)
        yield ask_turn(rng, state, rng.choice(keys or list(FACTS)))


def update(rng: Dice, state: State):
    """The newer fact counts"""
    if not told_keys(state):
        yield tell_turn(rng, state, rng.choice(list(FACTS)))
        yield from talk.filler(rng, state)
    key = rng.choice(told_keys(state))
    turn = tell_turn(rng, state, key)
    text = rng.choice(FACTS[key].tells[:2]).format(v=state.facts[key])
    text = text[0].lower() + text[1:] if text.startswith("My") else text
    start = rng.choice(("No,", "Now", "Wait,", "Sorry,", "Correction:"))
    yield dataclasses.replace(turn, user=f"{start} {text}")
    yield from talk.filler(rng, state)
    yield ask_turn(rng, state, key)


def check(rng: Dice, state: State):
    """Yes or no about a fact"""
    keys = [key for key in FACTS if FACTS[key].answer.startswith("Your ")]
    told = [key for key in told_keys(state) if key in keys]
    if not told:
        told = rng.sample(keys, 2)
        for key in told:
            yield tell_turn(rng, state, key)
    key = rng.choice(told) if rng.chance(0.85) else rng.choice(keys)
    value, fact = state.facts.get(key), FACTS[key]
    asked = value if value and rng.chance(0.5) else fact.value(rng)
    noun, verb, rest = fact.answer[5:].format(v=asked).partition(" is ")
    question = f"Is my {noun} {rest}"[:-1] + "?"
    if value is None:
        yield Turn(question, f"You did not tell me {fact.key}.", UNKNOWN,
                   f"I look for {fact.key}. The user did not tell it.")
    else:
        told = fact.answer.format(v=value)
        yield verdict(question, told, asked == value, f"I look for {fact.key}. {told}")


def summary(rng: Dice, state: State):
    """What it knows about the user"""
    if len(told_keys(state)) > 4 or state.memory.get("pets") or state.memory.get("friends"):
        yield from recall(rng, state)
        return
    known = [FACTS[key].answer.format(v=state.facts[key]) for key in told_keys(state)]
    yield Turn(rng.choice(("What do you know about me?", "What did I tell you about me?",
                           "Tell me what you know about me.")),
               " ".join(known) or "You did not tell me anything about you.", think="I look for what the user told.")


def pet(rng: Dice, state: State):
    """Pets and their names"""
    pets = state.memory.setdefault("pets", {})
    free = [animal for animal in ANIMALS if animal not in pets]
    if len(pets) < 4:
        animal, name = rng.choice(free), person_name(rng)
        while name in pets.values():
            name = person_name(rng)
        pets[animal] = name
        yield Turn(rng.choice(("I have {a} called {n}.", "I have {a} named {n}.", "My {b} is called {n}.",
                               "My {b}'s name is {n}.")).format(a=article(animal), b=animal, n=name),
                   f"I will remember: your {animal} is called {name}.", "OK.")
        yield from talk.filler(rng, state)
    animal = rng.choice(list(pets))
    name = pets[animal]
    if rng.chance(0.6):
        yield Turn(rng.choice((f"What is my {animal}'s name?", f"What is my {animal} called?",
                               f"How is my {animal} called?", f"What is the name of my {animal}?")),
                   f"Your {animal} is called {name}.", f"{name}.", f"I look for your {animal}. {name}.")
    else:
        yield Turn(rng.choice((f"What animal is {name}?", f"Who is {name}?", f"What is {name}?",
                               f"Which of my animals is called {name}?")),
                   f"{name} is your {animal}.", f"Your {animal}.", f"I look for {name}. {capital(article(animal))}.")


def pet_untold(rng: Dice, state: State):
    """A pet it was not told"""
    animal = rng.choice([animal for animal in ANIMALS if animal not in state.memory.get("pets", {})])
    yield Turn(rng.choice((f"What is my {animal}'s name?", f"What is my {animal} called?",
                           f"What is the name of my {animal}?")),
               f"You did not tell me what your {animal} is called.", UNKNOWN,
               f"I look for your {animal}. The user did not tell it.")


def friend(rng: Dice, state: State):
    """What a friend likes"""
    friends = state.memory.setdefault("friends", {})  # (name, key) -> value
    if len(friends) < 6:
        name = rng.choice([name for name, _ in friends]) if friends and rng.chance(0.4) else person_name(rng)
        keys = [key for key in FRIEND_KEYS if (name, key) not in friends]
        for key in rng.sample(keys, min(len(keys), rng.choice((1, 1, 2)))):
            friends[name, key] = value = rng.choice(FRIEND_KEYS[key])
            yield Turn(f"My friend {name}'s {key} is {value}." if rng.chance(0.3) else f"{name}'s {key} is {value}.",
                       f"I will remember: {name}'s {key} is {value}.", "OK.")
        yield from talk.filler(rng, state)
    name, key = rng.choice(list(friends))
    if rng.chance(0.35):
        key = rng.choice(list(FRIEND_KEYS))
    question = rng.choice((f"What is {name}'s {key}?", f"Do you know {name}'s {key}?", f"What's {name}'s {key}?",
                           f"Tell me {name}'s {key}."))
    value = friends.get((name, key))
    if value is None:
        yield Turn(question, f"{name}'s {key} is something you did not tell me.", UNKNOWN,
                   f"I look for {name}'s {key}. The user did not tell it.")
    else:
        yield Turn(question, f"{name}'s {key} is {value}.", f"{capital(value)}.",
                   f"I look for {name}'s {key}. {capital(value)}.")


FREE = set()
SKILLS = [(tell, 4), (tell_several, 2.5), (recall, 5), (untold, 6), (told_or_not, 3), (update, 1.5), (check, 2),
          (summary, 0.7), (pet, 2.5), (pet_untold, 0.5), (friend, 2.5)]
