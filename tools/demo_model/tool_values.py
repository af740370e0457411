"""Values that a tool's parameter can take: how the user says one, and what goes into the arguments.

Values are copied from the user's words; only numbers, number words, and phrases of booleans change their form.
"""
import dataclasses

import world
from turns import Dice

CITIES = world.CITIES + ("Bergen Turin Porto Seville Cork Leeds Bonn Graz Bern Lyon Gdansk Riga Tallinn Turku Malmo "
                         "Quito Nairobi Accra Hanoi Seoul Osaka Perth Denver Austin Toronto Havana Bogota").split()
ROOMS = "kitchen bedroom bathroom hall garden cellar office garage attic workshop library nursery".split()
ITEMS = ("milk,eggs,butter,flour,salt,sugar,tea,coffee,rice,apples,pears,onions,soap,candles,paper,nails,rope,string,"
         "paint,matches,batteries,lamps,brooms,buckets,new boots,wool").split(",")
LANGUAGES = "French German Spanish Italian Polish Danish Finnish Greek Welsh Dutch Turkish Hindi".split()
WORDS = ("river window candle winter morning bridge butter pencil garden shadow silver feather mountain friend "
         "letter pocket summer island kettle ladder").split()
MESSAGES = ("the soup is ready,the boat is here,I am late,dinner is at 7,the door is open,we need more bread,"
            "the cat is back,I found the key,the lamp is broken,it is snowing,the train is late,"
            "lunch is ready").split(",")
ADJECTIVES = "blue old quiet silver lost little hidden green last long golden sleepy wild broken empty early".split()
NOUNS = "kite river lamp garden tower harbour fox bell winter door road letter island song stone boat".split()
VERBS = "feed water clean paint fix buy call visit pack wash count move carry cook bring".split()
OBJECTS = "plants cat windows boat bike chairs dog fence bags dishes shoes hens cake books horse".split()
DEVICES = "lamp heater radio fan oven kettle screen pump".split()


@dataclasses.dataclass
class Kind:
    type: str  # of JSON Schema
    names: tuple  # what such a parameter may be called
    draw: object  # rng -> value, or (how it is said, value)


def coined(rng: Dice) -> str:
    return world.invented_word(rng)


def mostly(words, part: float = 0.5, capital: bool = False):
    """Draws a listed word, or an invented one with probability `part`."""
    def draw(rng: Dice):
        if rng.chance(0.9 if rng.held_out else part):
            return coined(rng).capitalize() if capital else coined(rng)
        return rng.choice(words)
    return draw


def integer(low: int, high: int):
    def draw(rng: Dice):
        value = rng.randint(low, high) if rng.chance(0.5) else rng.randint(low, min(high, low + 11))
        if value < len(world.NUMBER_WORDS) and rng.chance(0.12):
            return world.NUMBER_WORDS[value], value
        return str(value), value
    return draw


def decimal(rng: Dice):
    if rng.chance(0.4):
        return integer(2, 90)(rng)
    value = rng.randint(1, 99) + rng.randint(1, 9) / 10
    return str(value), value


def clock(rng: Dice):
    return f"{rng.randint(1, 23)}:{rng.choice(('00', '05', '15', '20', '30', '40', '45', '55'))}"


def title(rng: Dice):
    adjective = coined(rng) if rng.chance(0.3) else rng.choice(ADJECTIVES)
    return f"The {adjective.capitalize()} {rng.choice(NOUNS).capitalize()}"


def task(rng: Dice):
    return f"{rng.choice(VERBS)} the {coined(rng) if rng.chance(0.3) else rng.choice(OBJECTS)}"


def message(rng: Dice):
    if rng.chance(0.4):
        return rng.choice(MESSAGES)
    return rng.choice(("the {} is ready", "I have the {}", "bring the {}", "the {} is in the {place}",
                       "come to the {place}", "I lost the {}", "the {} is for you")).format(
        coined(rng) if rng.chance(0.4) else rng.choice(world.THINGS), place=rng.choice(ROOMS))


def code(rng: Dice):
    letters = "".join(rng.choice("ABCDEFGHKLMNPRSTVWXZ") for _ in range(rng.randint(1, 2)))
    return f"{letters}{rng.choice(('', '-'))}{rng.randint(10, 999)}"


def day(rng: Dice):
    return rng.choice(world.DAYS)


KINDS = {
    "city": Kind("string", ("city", "place", "town", "location", "where", "city_name"), mostly(CITIES, capital=True)),
    "person": Kind("string", ("person", "name", "who", "friend", "contact"), world.person_name),
    "colour": Kind("string", ("colour", "paint", "shade", "tint"), mostly(world.COLOURS, 0.2)),
    "room": Kind("string", ("room", "place", "area", "where"), mostly(ROOMS, 0.25)),
    "day": Kind("string", ("day", "weekday", "when", "day_name"), day),
    "time": Kind("string", ("time", "at", "when", "hour", "start_time"), clock),
    "minutes": Kind("integer", ("minutes", "duration", "length", "mins"), integer(2, 90)),
    "count": Kind("integer", ("count", "number", "amount", "how_many", "quantity"), integer(2, 60)),
    "number": Kind("number", ("value", "number", "amount", "x"), decimal),
    "degrees": Kind("number", ("degrees", "temperature", "value", "heat"), decimal),
    "level": Kind("integer", ("level", "percent", "value", "strength"), integer(1, 100)),
    "message": Kind("string", ("text", "message", "body", "words"), message),
    "title": Kind("string", ("title", "book", "query", "name"), title),
    "song": Kind("string", ("song", "title", "track", "name"), title),
    "item": Kind("string", ("item", "thing", "product", "goods"), mostly(ITEMS, 0.35)),
    "food": Kind("string", ("food", "dish", "meal", "item"), mostly(world.FOODS, 0.3)),
    "thing": Kind("string", ("thing", "object", "item", "what"), mostly(world.THINGS, 0.4)),
    "animal": Kind("string", ("animal", "pet", "kind"), mostly(world.ANIMALS, 0.3)),
    "language": Kind("string", ("language", "lang", "to", "target"), mostly(LANGUAGES, 0.3, True)),
    "word": Kind("string", ("word", "term", "text", "query"), mostly(WORDS, 0.5)),
    "task": Kind("string", ("task", "todo", "text", "what"), task),
    "device": Kind("string", ("device", "machine", "name", "thing"), mostly(DEVICES, 0.25)),
    "code": Kind("string", ("code", "id", "number", "key"), code),
    "month": Kind("string", (), lambda rng: rng.choice(world.MONTHS)),
    "sky": Kind("string", (), lambda rng: rng.choice("sunny cloudy rainy windy snowy foggy clear stormy".split())),
    "state": Kind("string", (), lambda rng: rng.choice("open closed locked full empty ready busy broken free".split())),
    "label": Kind("string", ("label", "name", "tag", "title"), mostly(WORDS, 0.6)),
}


def spoken(rng: Dice, kind: str) -> str:
    """A value of the kind as the user says it."""
    value = KINDS[kind].draw(rng)
    return value[0] if isinstance(value, tuple) else value


def described(value) -> str:
    """A value as an answer says it."""
    if isinstance(value, list):
        return world.joined(str(item) for item in value)
    return str(value)
