"""Words that the exercises draw from, and how they draw: known words, invented ones, and unseen combinations.

`fresh` keeps a tenth of all combinations for the held-out side, so that its questions cannot be recited.
"""
from world import ANIMALS, CITIES, COLOURS, FOODS, HOBBIES, THINGS, invented_word, person_name

PLAIN = (  # words to spell: plain and short
    "acorn air ant apple arm baby bag ball banana bark barn bear bed bee bell bench berry bird boat book boot bottle "
    "bowl box branch bread bridge broom brush bucket butter button cabin cake camel candle carpet carrot castle cat "
    "chair cheese cherry child circle city clay clock cloud coal coat coin comb corn cotton cow crow crown cup curtain "
    "desk dish dog door dress drum duck dust eagle ear earth egg eye farm feather fence field finger fire fish flag "
    "flame flower fog foot forest fork fox frog fruit garden gate glass glove goat gold goose grape grass hammer hand "
    "hat hay hen hill honey hook horse house ice island jacket jar jug juice kettle key king kite kitten ladder lake "
    "lamp leaf lemon letter lion map market meadow melon milk mill mirror moon moss mouse mud nail needle nest night "
    "nose oak oar onion otter oven owl paint paper path pear pebble pen pencil pepper pie pig pillow pine plate plum "
    "pocket pond pony pot potato pumpkin puppy queen rabbit rain raven ribbon rice ring river road robin roof room "
    "root rope rose sail salt sand scarf school sea seed sheep shell ship shirt shoe silver sky snail snow soap sock "
    "soup spoon spring square star stone story stove straw street sugar summer sun swan table tail tea tent tiger "
    "toast tomato tower town train tree tulip turtle valley violin wagon wall water wave wheel wind window winter "
    "wolf wood wool yellow zebra").split()
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ORDINALS = "zeroth first second third fourth fifth sixth".split()
NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
KNOWN_POOLS = (COLOURS, FOODS, ANIMALS, THINGS, HOBBIES, CITIES, PLAIN, PLAIN, PLAIN)
INVENTED_SHARE = 0.25


def fresh(rng, draw):
    """A draw that belongs to this side of the held-out split."""
    while True:
        value = draw()
        if rng.allows(str(value)):
            return value


def distinct(draw, count: int) -> list:
    """`count` different draws."""
    found = []
    while len(found) < count:
        value = draw()
        if value not in found:
            found.append(value)
    return found


def some_words(rng, low: int, high: int) -> list[str]:
    """A list of different words: of one kind, mixed, names, or invented (those are never many: they are long)."""
    count = rng.randint(low, high)
    if rng.chance(INVENTED_SHARE):
        draw = (lambda: person_name(rng)) if rng.chance(0.3) else (lambda: invented_word(rng))
        return distinct(draw, min(count, max(low, 4)))
    pool = rng.choice(KNOWN_POOLS)
    return fresh(rng, lambda: rng.sample(pool, count))


def some_numbers(rng, low: int, high: int) -> list[int]:
    """A list of different numbers, mostly of two digits."""
    top = rng.weighted([(20, 4), (99, 5), (999, 1)])
    count = rng.randint(low, high if top < 100 else max(low, 4))
    return fresh(rng, lambda: rng.sample(range(top + 1), count))


def one_word(rng) -> str:
    return invented_word(rng) if rng.chance(INVENTED_SHARE) else rng.choice(PLAIN)


def commas(items) -> str:
    return ", ".join(str(item) for item in items)


def numbered(items) -> str:
    """The trace that makes places visible: 1 red, 2 blue; or 1: 17, 2: 4."""
    return commas(at(place, item) for place, item in enumerate(items, 1))


def at(place: int, item) -> str:
    return f"{place}: {item}" if str(item).isdigit() else f"{place} {item}"
