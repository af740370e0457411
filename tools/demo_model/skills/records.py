"""Facts that can be said in a sentence and written as JSON: about people, things, and events; and keys for anything.

A record is a subject with fields; each field has the keys it may be asked by, what a sentence says, and its value.
"""
import dataclasses

from skills.pools import PLAIN, fresh
from world import ANIMALS, CITIES, COLOURS, DAYS, FOODS, HOBBIES, THINGS, article, capital, invented_word, person_name

JOBS = ("baker fisher teacher gardener painter smith doctor farmer sailor musician tailor carpenter driver cook nurse "
        "pilot singer builder potter miller").split()
INSTRUMENTS = "drum violin flute piano guitar trumpet harp".split()
MATERIALS = "wood glass stone paper silver clay wool iron cotton gold".split()
ROOMS = "kitchen hall garden cellar attic bedroom office shed tower library".split()
EVENTS = "concert market party play race dance meeting lesson dinner game fair show walk talk".split()
KEYS = (  # for stated keys; one in ten of these is never trained
    "size number mood code level rank score speed depth width power rate model type group team row shelf page floor "
    "door seat line station street lane port song dish drink tool hat shoe sport month season week minute year end "
    "goal prize author reader maker captain partner teacher neighbour brother sister uncle cousin guest origin target "
    "source amount balance count limit volume heat pressure brand taste smell sound shape pattern texture style theme "
    "label mark sign symbol flag badge order parcel letter message note topic chapter lesson course grade class "
    "school course_id room_number first_word last_word plan step phase state status mode zone region field lake hill "
    "river bridge gate wall roof lamp_id user member player pilot crew ship boat wagon wheel engine fuel fruit flower "
    "tree leaf root seed crop harvest pot plate spoon fork cup jar bottle basket box lid handle button switch wire "
    "plug battery").split()
NAME_KEYS = {"person": ("name", "person", "first_name"), "thing": ("thing", "item", "object", "name"),
             "event": ("event", "title", "name")}


def between(low: int, high: int):
    return lambda rng: rng.randint(low, high)


def one_of(words):
    return lambda rng: rng.choice(words)


FIELDS = {  # kind -> [(keys, what a sentence says, value)]; {v} is the value, {a} the same with its article
    "person": [
        (("age", "years"), "is {v} years old", between(20, 90)),
        (("city", "town", "home"), "lives in {v}", one_of(CITIES)),
        (("job", "work", "profession"), "works as {a}", one_of(JOBS)),
        (("food", "favourite_food", "meal"), "likes to eat {v}", one_of(FOODS)),
        (("colour", "favourite_colour"), "likes the colour {v}", one_of(COLOURS)),
        (("pet", "animal"), "has {a} as a pet", one_of(ANIMALS)),
        (("hobby", "pastime"), "enjoys {v}", one_of(HOBBIES)),
        (("friend", "best_friend"), "has a friend called {v}", person_name),
        (("height", "height_cm"), "is {v} cm tall", between(90, 199)),
        (("books",), "owns {v} books", between(2, 90)),
        (("instrument", "plays"), "plays the {v}", one_of(INSTRUMENTS)),
    ],
    "thing": [
        (("colour",), "is {v}", one_of(COLOURS)),
        (("price", "cost", "coins"), "costs {v} coins", between(2, 200)),
        (("weight", "kilos"), "weighs {v} kilos", between(2, 60)),
        (("material", "made_of"), "is made of {v}", one_of(MATERIALS)),
        (("room", "place", "where"), "stands in the {v}", one_of(ROOMS)),
        (("owner", "belongs_to"), "belongs to {v}", person_name),
        (("age", "years"), "is {v} years old", between(2, 99)),
    ],
    "event": [
        (("day", "weekday"), "is on {v}", one_of(DAYS)),
        (("hour", "start", "time"), "starts at {v}", between(1, 23)),
        (("room", "place", "where"), "is in the {v}", one_of(ROOMS)),
        (("guests", "visitors"), "has {v} guests", between(2, 90)),
        (("host", "leader"), "is led by {v}", person_name),
        (("price", "ticket"), "costs {v} coins", between(2, 60)),
        (("minutes", "length"), "takes {v} minutes", between(10, 120)),
    ],
}


@dataclasses.dataclass
class Record:
    """Facts in the order of their sentence. `phrases[0]` is "", since the first field is the subject itself."""
    kind: str
    subject: str  # as in a sentence: "Mira", "the lamp"
    keys: list
    values: list
    phrases: list


def record(rng, fields: int) -> Record:
    """A subject with so many facts; the combination of keys belongs to this side of the split."""
    kind = rng.weighted([("person", 4), ("thing", 2), ("event", 2)])

    def draw():
        chosen = rng.sample(FIELDS[kind], fields)
        return [rng.choice(NAME_KEYS[kind])] + [rng.choice(keys) for keys, _, _ in chosen], chosen

    while True:
        keys, chosen = draw()
        if rng.allows(" ".join(keys)):
            break
    name = person_name(rng) if kind == "person" else rng.choice(THINGS if kind == "thing" else EVENTS)
    values = [value(rng) for _, _, value in chosen]
    phrases = [phrase.format(v=value, a=article(str(value))) for (_, phrase, _), value in zip(chosen, values)]
    return Record(kind, name if kind == "person" else f"the {name}", keys, [name] + values, [""] + phrases)


def spoken(rng, facts: Record) -> str:
    """The record as one sentence or as several."""
    subject, phrases = facts.subject, facts.phrases[1:]
    if rng.chance(0.6):
        said = phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " and " + phrases[-1]
        text = f"{subject} {said}."
    else:
        again = subject if facts.kind == "person" else "it"
        text = ". ".join([f"{subject} {phrases[0]}"] + [f"{capital(again)} {phrase}" for phrase in phrases[1:]]) + "."
    return capital(text)


def free_keys(rng, count: int) -> list[str]:
    """Keys of any name; held out: names that no training text has as a key."""
    keys = []
    while len(keys) < count:
        key = invented_word(rng) if rng.chance(0.25) else fresh(rng, lambda: rng.choice(KEYS))
        if key not in keys:
            keys.append(key)
    return keys


def free_value(rng):
    """A number or a word."""
    return rng.weighted([(lambda: rng.randint(0, 99), 4), (lambda: rng.randint(100, 999), 1),
                         (lambda: rng.choice(PLAIN), 2), (lambda: rng.choice(COLOURS), 1),
                         (lambda: person_name(rng), 1), (lambda: invented_word(rng), 1)])()
