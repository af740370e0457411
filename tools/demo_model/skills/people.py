"""Who has what, who is where and who likes what among the people that the user tells about.

What is asked for comes last: "Mira has the kite.", "The kite belongs to Mira.", "Mira has the kite, so no.", so that an
answer begins with what the question names and goes on as words before do: the assistant takes note of a statement by
turning it round. Names, things, places and foods are used once in a conversation, so that every question has one answer.
"""
import dataclasses

from skills import talk
from turns import Dice, State, Turn, verdict
from world import FOODS, PLACES, THINGS, capital, invented_word, person_names

NOTED = "I see."


@dataclasses.dataclass
class Relation:
    """One kind of statement about a person and a value."""
    tells: tuple  # ways to say it, with {p} and {v}; the first is the usual one
    backwards: str  # how to say it with the value first
    which_person: tuple
    which_value: tuple
    check: tuple
    untold_person: str
    untold_value: str
    everything: tuple
    short: str  # the value alone

    def statement(self) -> str:
        return self.tells[0]


RELATIONS = {
    "has": Relation(("{p} has {v}.", "{p} holds {v}.", "{p} owns {v}."), "{V} belongs to {p}.",
                    ("Who has {v}?", "Who has {v}?", "Who owns {v}?", "Tell me who has {v}.", "Which person has {v}?"),
                    ("What does {p} have?", "What does {p} have?", "Which thing does {p} have?",
                     "Tell me what {p} has."),
                    ("Does {p} have {v}?", "Is it {p} who has {v}?"),
                    "{V} belongs to somebody you did not name.", "{p} has something you did not name.",
                    ("Who has what?", "Tell me who has what."), "{V}."),
    "is": Relation(("{p} is at {v}.", "{p} is now at {v}.", "{p} waits at {v}."), "At {v} is {p}.",
                   ("Who is at {v}?", "Who is at {v}?", "Tell me who is at {v}.", "Which person is at {v}?"),
                   ("Where is {p}?", "Where is {p}?", "Where can I find {p}?", "Tell me where {p} is."),
                   ("Is {p} at {v}?", "Is it {p} who is at {v}?"),
                   "At {v} is somebody you did not name.", "{p} is at a place you did not name.",
                   ("Who is where?", "Tell me who is where."), "At {v}."),
    "likes": Relation(("{p} likes {v}.", "{p} loves {v}.", "{p} likes to eat {v}."), "The one who likes {v} is {p}.",
                      ("Who likes {v}?", "Who likes {v}?", "Tell me who likes {v}.", "Which person likes {v}?"),
                      ("What does {p} like?", "What does {p} like?", "Tell me what {p} likes."),
                      ("Does {p} like {v}?", "Is it {p} who likes {v}?"),
                      "The one who likes {v} is somebody you did not name.", "{p} likes something you did not name.",
                      ("Who likes what?", "Tell me who likes what."), "{V}."),
}
VALUES = {"has": tuple(f"the {thing}" for thing in THINGS), "is": PLACES, "likes": tuple(FOODS)}
LIMIT = 6  # people of one relation in one conversation


class Told:
    """What the conversation says: {relation: {person: value}}, and every value that some message has used."""

    def __init__(self):
        self.facts = {kind: {} for kind in RELATIONS}
        self.used = []
        self.givers = []  # have nothing any more

    @staticmethod
    def of(state: State) -> "Told":
        return state.memory.setdefault("people", Told())

    def kinds(self) -> list:
        return [kind for kind, people in self.facts.items() if people]

    def room(self, kind: str) -> int:
        return LIMIT - len(self.facts[kind])

    def free_values(self, kind: str) -> list:
        return [value for value in VALUES[kind] if value not in self.used]

    def names(self) -> list:
        return list(dict.fromkeys(name for people in self.facts.values() for name in people))

    def new_names(self, rng: Dice, count: int) -> list:
        taken = self.names()
        while True:
            names = person_names(rng, count)
            if not any(name in taken for name in names):
                return names

    def add(self, rng: Dice, kind: str, count: int) -> dict:
        """{person: value} of people told for the first time."""
        values = rng.sample(self.free_values(kind), count)
        if kind == "has" and rng.chance(0.15):
            values[rng.randrange(count)] = f"the {invented_word(rng)}"
        self.used += values
        known = [name for name in self.names() if name not in self.facts[kind] and name not in self.givers]
        names = rng.sample(known, count) if len(known) >= count and rng.chance(0.4) else self.new_names(rng, count)
        people = dict(zip(names, values))
        self.facts[kind].update(people)
        return people


def fill(text: str, person: str, value: str) -> str:
    return text.format(p=person, v=value, V=capital(value))


def tell(rng: Dice, kind: str, person: str, value: str, value_first: bool) -> str:
    relation = RELATIONS[kind]
    if value_first:
        return fill(relation.backwards, person, value)
    return fill(relation.statement() if rng.chance(0.75) else rng.choice(relation.tells), person, value)


def statement(kind: str, person: str, value: str) -> str:
    return fill(RELATIONS[kind].statement(), person, value)


def backwards(kind: str, person: str, value: str) -> str:
    return fill(RELATIONS[kind].backwards, person, value)


def one_message(rng: Dice, kind: str, people: dict, value_first: bool) -> str:
    parts = [tell(rng, kind, person, value, value_first) for person, value in people.items()]
    if rng.chance(0.6):
        return " ".join(parts)
    parts = [parts[0]] + [part if part.startswith(person) else part[0].lower() + part[1:]
                          for part, person in zip(parts[1:], list(people)[1:])]
    return ", ".join(part[:-1] for part in parts[:-1]) + " and " + parts[-1]


def introduce(rng: Dice, kind: str, people: dict):
    """The turns that tell a scene; the assistant turns every statement round."""
    value_first = rng.chance(0.4)
    noted = {person: (statement if value_first else backwards)(kind, person, value) for person, value in people.items()}
    if rng.chance(0.5):
        yield Turn(one_message(rng, kind, people, value_first), " ".join([NOTED, *noted.values()]), NOTED)
        return
    for person, value in people.items():
        yield Turn(tell(rng, kind, person, value, value_first), f"{NOTED} {noted[person]}", NOTED)


def person_turn(rng: Dice, kind: str, person: str, value: str) -> Turn:
    answer = backwards(kind, person, value)
    return Turn(fill(rng.choice(RELATIONS[kind].which_person), person, value), answer, f"{person}.",
                f"I look for {value}. {answer}")


def value_turn(rng: Dice, kind: str, person: str, value: str) -> Turn:
    answer = statement(kind, person, value)
    return Turn(fill(rng.choice(RELATIONS[kind].which_value), person, value), answer,
                fill(RELATIONS[kind].short, person, value), f"I look for {person}. {answer}")


def check_turn(rng: Dice, kind: str, person: str, value: str, asked: str) -> Turn:
    told = statement(kind, person, value)
    return verdict(fill(rng.choice(RELATIONS[kind].check), person, asked), told, asked == value,
                   f"I look for {person}. {told}")


def ask(rng: Dice, kind: str, people: dict, question: str) -> Turn:
    person = rng.choice(list(people))
    value = people[person]
    if question == "person":
        return person_turn(rng, kind, person, value)
    if question == "value":
        return value_turn(rng, kind, person, value)
    others = [other for other in people.values() if other != value]
    return check_turn(rng, kind, person, value, rng.choice(others) if others and rng.chance(0.5) else value)


def some_kind(rng: Dice) -> str:
    return rng.weighted([("has", 5), ("is", 3), ("likes", 2)])


def new_scene(rng: Dice, told: Told, kind: str, question: str):
    """Two to five new people: the turns that tell of them, or the opening of a message that goes on with the question.
    Returns the people and the opening."""
    people = told.add(rng, kind, min(told.room(kind), rng.weighted([(2, 5), (3, 4), (4, 2), (5, 1.5)])))
    if rng.chance(0.35):
        return people, one_message(rng, kind, people, value_first=question == "person") + " "
    yield from introduce(rng, kind, people)
    return people, ""


def opened(opening: str, turn: Turn) -> Turn:
    return dataclasses.replace(turn, user=opening + turn.user)


def scene_and_question(rng: Dice, state: State, kind: str, question: str):
    told = Told.of(state)
    people, opening = told.facts[kind], ""
    if told.room(kind) >= 2:
        people, opening = yield from new_scene(rng, told, kind, question)
    more = ("person", "value", "check") if not opening else ("person",) if question == "person" else ("value", "check")
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        yield opened(opening, ask(rng, kind, people, rng.choice(more)))
        opening = ""
    yield opened(opening, ask(rng, kind, people, question))


def who_has(rng: Dice, state: State):
    """Who has it"""
    yield from scene_and_question(rng, state, "has", "person")


def who_has_turned(rng: Dice, state: State):
    """Who has it, told the other way round"""
    told = Told.of(state)
    people = told.add(rng, "has", 2)
    yield opened(one_message(rng, "has", people, value_first=False) + " ", ask(rng, "has", people, "person"))


def has_what(rng: Dice, state: State):
    """What somebody has"""
    yield from scene_and_question(rng, state, "has", "value")


def who_is_there(rng: Dice, state: State):
    """Who is at a place"""
    yield from scene_and_question(rng, state, "is", "person")


def where(rng: Dice, state: State):
    """Where somebody is"""
    yield from scene_and_question(rng, state, "is", "value")


def likes(rng: Dice, state: State):
    """Who likes what"""
    yield from scene_and_question(rng, state, "likes", rng.choice(("person", "value")))


def check(rng: Dice, state: State):
    """Yes or no about people told"""
    yield from scene_and_question(rng, state, some_kind(rng), "check")


def recall(rng: Dice, state: State):
    """People told earlier"""
    told = Told.of(state)
    if not told.kinds():
        yield from scene_and_question(rng, state, "has", "value")
        yield from talk.filler(rng, state)
    kind = rng.choice(told.kinds())
    yield ask(rng, kind, told.facts[kind], rng.choice(("person", "value", "check")))


def untold(rng: Dice, state: State):
    """Says what it was not told (people)"""
    told, kind, opening = Told.of(state), some_kind(rng), ""
    ask_person = rng.chance(0.5)
    if not told.facts[kind] or rng.chance(0.3) and told.room(kind) >= 2:
        _, opening = yield from new_scene(rng, told, kind, "person" if ask_person else "value")
    half_known = [name for name in told.names() if name not in told.facts[kind] and name not in told.givers]
    person = rng.choice(half_known) if half_known and rng.chance(0.5) else told.new_names(rng, 1)[0]
    relation, value = RELATIONS[kind], rng.choice(told.free_values(kind))
    question = rng.choice(relation.which_person if ask_person else relation.which_value)
    answer = relation.untold_person if ask_person else relation.untold_value
    yield Turn(opening + fill(question, person, value), fill(answer, person, value), "I do not know.",
               f"I look for {value if ask_person else person}. The user did not tell it.")


def everything(rng: Dice, state: State):
    """Who has what, all of it"""
    told, kind, opening = Told.of(state), some_kind(rng), ""
    if not told.facts[kind]:
        _, opening = yield from new_scene(rng, told, kind, "value")
    people = told.facts[kind]
    yield Turn(opening + rng.choice(RELATIONS[kind].everything),
               " ".join(statement(kind, person, value) for person, value in people.items()))


def gives(rng: Dice, state: State):
    """Who has it after a gift"""
    told, opening = Told.of(state), ""
    if not told.facts["has"]:
        _, opening = yield from new_scene(rng, told, "has", "person")
    giver = rng.choice(list(told.facts["has"]))
    value, receiver = told.facts["has"].pop(giver), told.new_names(rng, 1)[0]
    told.givers.append(giver)
    told.facts["has"][receiver] = value
    news = rng.choice(("{} gives {} to {}.", "Now {} gives {} to {}.", "Then {} gives {} to {}."))
    yield from after_news(rng, opening, news.format(giver, value, receiver), person_turn(rng, "has", receiver, value))


def goes(rng: Dice, state: State):
    """Where somebody is after moving"""
    told = Told.of(state)
    if not told.facts["is"] or len(told.free_values("is")) < 3:
        yield from where(rng, state)
    if len(told.free_values("is")) < 3:  # everybody has moved often enough
        return
    person, value = rng.choice(list(told.facts["is"])), rng.choice(told.free_values("is"))
    told.used.append(value)
    told.facts["is"].pop(person)
    told.facts["is"][person] = value
    news = rng.choice(("{} goes to {}.", "Now {} walks to {}.", "Then {} goes to {}."))
    yield from after_news(rng, "", news.format(person, value), value_turn(rng, "is", person, value))


def after_news(rng: Dice, opening: str, news: str, turn: Turn):
    """The news and the question, in one message or in two."""
    if rng.chance(0.5):
        yield opened(f"{opening}{news} ", turn)
        return
    yield Turn(opening + news, f"{NOTED} {turn.answer}", NOTED)
    yield turn


FREE = set()
SKILLS = [(who_has, 5), (who_has_turned, 0.5), (has_what, 3), (who_is_there, 2), (where, 2), (likes, 2), (check, 3.5), (recall, 3),
          (untold, 2.5), (everything, 1.2), (gives, 1.2), (goes, 1.2)]
