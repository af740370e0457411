"""The small world that the demo model lives in: words and facts, all our own.

Everything the model says about the village comes from here, so its answers are consistent.
"""
from turns import Dice

ASSISTANT = "Quire"

# name -> (pronoun, possessive, job, animal, animal's name, colour, food, place)
VILLAGERS = {
    "Mia": ("she", "her", "baker", "cat", "Button", "red", "bread", "the mill"),
    "Tom": ("he", "his", "fisher", "dog", "Captain", "blue", "soup", "the lake"),
    "Ada": ("she", "her", "teacher", "owl", "Letter", "green", "apples", "the school"),
    "Ben": ("he", "his", "gardener", "rabbit", "Clover", "yellow", "carrots", "the garden"),
    "Lia": ("she", "her", "painter", "bird", "Brush", "purple", "cherries", "the hill"),
    "Otto": ("he", "his", "smith", "horse", "Ember", "black", "cheese", "the forge"),
    "Nora": ("she", "her", "doctor", "mouse", "Pill", "white", "honey", "the tower"),
    "Sam": ("he", "his", "farmer", "cow", "Daisy", "brown", "potatoes", "the farm"),
    "Eva": ("she", "her", "sailor", "duck", "Anchor", "orange", "fish", "the harbour"),
    "Max": ("he", "his", "musician", "fox", "Fiddle", "pink", "cake", "the bridge"),
}
VILLAGE = "Fold"

NAMES = ("Anna Paul Lena Karl Emma Jack Lucy Hugo Rosa Finn Ida Leo Clara Felix Nina Oscar Ella Adam Maria "
         "David Julia Peter Sophie Martin Laura Simon Alice George Kate Henry Jane Robert Grace Daniel "
         "Sarah Thomas Olivia James Amir Yuki Chen Fatima Carlos Ines Priya Omar Zoe Ivan Mei Ali Greta "
         "Noah Liam Mila Theo Ruth Victor Hana Igor Pablo Elif").split()
MEN = ("Paul Karl Jack Hugo Finn Leo Felix Oscar Adam David Peter Martin Simon George Henry Robert Daniel Thomas James "
       "Amir Chen Carlos Omar Ivan Ali Noah Liam Theo Victor Igor Pablo").split()
SYLLABLES = ("ba be bi bo da de di do fa fe ha he ka ko la le li lo lu ma me mi mo na ne ni no "
             "pa po re ri ro ru si so ta te ti to va ve vi za zo").split()
# invented words that would read as common ones or as villagers
NO_NAMES = ("made make take some same name game gave give like live love have more late note done gone here none nora "
            "reno dope mole home sale date mate vote bone boner tone lone dodo sofa soda tomato potato banana").split()
STARTERS = ("What Which Who Where How Is Does Do Can Are Tell Please My Hello Hi Hey Thanks Thank Goodbye Bye Good Say "
            "Repeat Write Count Name Has Did Was Were Why When Your Give Show Sort Reverse").split()
COLOURS = "red blue green yellow purple black white brown orange pink grey silver".split()
FOODS = ("bread soup apples carrots cherries cheese honey potatoes fish cake rice pasta pizza bananas "
         "chocolate pancakes tomatoes beans plums noodles").split()
ANIMALS = "cat dog owl rabbit bird horse mouse cow duck fox bear frog sheep pig goat lion wolf bee".split()
PLACES = ("the forest", "the river", "the beach", "the market", "the mountain", "the lake", "the garden",
          "the hill", "the old tower", "the harbour", "the bridge", "the farm", "the school", "the station",
          "the park", "the well", "the castle", "the island", "the bakery", "the library", "the barn", "the cave")
THINGS = ("ball book key lamp hat shell stone drum kite coin map bell ring cup box flower leaf feather boat clock "
          "rope basket spoon whistle mirror ladder candle blanket button pencil flute puzzle wheel scarf bottle "
          "pillow letter bucket").split()
CITIES = ("Paris London Berlin Rome Madrid Tokyo Vienna Oslo Lisbon Prague Dublin Athens Cairo Lima "
          "Boston Delhi Warsaw Zurich").split()
HOBBIES = ("painting reading swimming cooking singing dancing running fishing drawing climbing "
           "gardening chess football music").split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = ("January February March April May June July August September October November "
          "December").split()
SOUNDS = {"cat": "meow", "dog": "woof", "cow": "moo", "duck": "quack", "sheep": "baa", "pig": "oink",
          "owl": "hoo", "frog": "ribbit", "bee": "buzz", "lion": "roar", "horse": "neigh",
          "mouse": "squeak", "wolf": "howl", "bird": "tweet"}
LEGS = {"cat": 4, "dog": 4, "cow": 4, "duck": 2, "sheep": 4, "pig": 4, "owl": 2, "frog": 4, "bee": 6,
        "lion": 4, "horse": 4, "mouse": 4, "bird": 2, "fish": 0, "spider": 8, "snake": 0}
OPPOSITES = [("hot", "cold"), ("big", "small"), ("day", "night"), ("up", "down"), ("happy", "sad"),
             ("fast", "slow"), ("old", "young"), ("light", "dark"), ("wet", "dry"), ("full", "empty"),
             ("open", "closed"), ("high", "low"), ("long", "short"), ("hard", "soft"),
             ("left", "right"), ("early", "late"), ("loud", "quiet"), ("strong", "weak")]
THING_COLOURS = {"grass": "green", "snow": "white", "the sky": "blue", "the sun": "yellow",
                 "a banana": "yellow", "a carrot": "orange", "a cherry": "red", "a tomato": "red",
                 "the night": "black", "milk": "white", "a leaf": "green", "chocolate": "brown",
                 "coal": "black", "a frog": "green", "a lemon": "yellow"}
ABILITIES = {  # who -> (what it can do, what it cannot)
    "a fish": (["swim"], ["fly", "walk", "sing"]),
    "a bird": (["fly", "sing", "walk"], ["read", "drive"]),
    "a cat": (["walk", "jump", "sleep"], ["fly", "read"]),
    "a dog": (["run", "swim", "jump"], ["fly", "talk"]),
    "a horse": (["run", "jump"], ["fly", "read", "talk"]),
    "a stone": ([], ["fly", "walk", "swim", "sing", "talk"]),
    "a duck": (["swim", "fly", "walk"], ["read", "talk"]),
    "a child": (["walk", "talk", "sing", "run", "read"], ["fly"]),
    "a frog": (["jump", "swim"], ["fly", "read"]),
    "a tree": (["grow"], ["walk", "run", "swim"]),
    "a boat": (["float"], ["talk", "sleep"]),
}
KINDS = {"fruit": ["apple", "banana", "cherry", "plum", "pear", "lemon"],
         "animal": ["cat", "dog", "horse", "mouse", "sheep", "lion"],
         "colour": ["red", "blue", "green", "yellow"],
         "tool": ["hammer", "saw", "spoon", "needle"],
         "number": ["one", "two", "seven", "ten"]}
SPELL = ("cat dog sun moon tree fish bird book ball bread water house apple green night river stone "
         "happy horse cloud").split()
NUMBER_WORDS = ("zero one two three four five six seven eight nine ten eleven twelve").split()


def article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def joined(items) -> str:
    items = list(items)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def invented_word(rng: Dice) -> str:
    """A word in lower case that belongs to this side of the split, so the model must copy it."""
    while True:
        word = "".join(rng.choice(SYLLABLES) for _ in range(rng.choice((2, 2, 2, 3))))
        word += rng.choice(("", "", "", "n", "r", "l"))
        if rng.allows(word) and word not in NO_NAMES:
            return word


def person_name(rng: Dice) -> str:
    """A common name or an invented one (held out: always invented), never one of the village."""
    if not rng.held_out and rng.chance(0.35):
        return rng.choice(NAMES)
    return invented_word(rng).capitalize()


def person_names(rng: Dice, count: int) -> list:
    """Names that differ early, so that a reader can tell them apart by their first letters."""
    names = []
    while len(names) < count:
        name = person_name(rng)
        if all(name[:2] != other[:2] for other in names):
            names.append(name)
    return names


def pronouns(rng: Dice, name: str) -> tuple:
    """("she", "her") or ("he", "his"): those of a villager or a common name, any for an invented one."""
    if name in VILLAGERS:
        return VILLAGERS[name][:2]
    man = name in MEN if name in NAMES else rng.chance(0.5)
    return ("he", "his") if man else ("she", "her")


def casual(rng: Dice, text: str) -> str:
    """People type loosely: a lower case start, no final mark, an ok in front. Names and digits stay as they are."""
    if rng.chance(0.15) and text.split(" ")[0].strip(",.!?") in STARTERS:
        text = text[:1].lower() + text[1:]
    if rng.chance(0.2) and text[-1] in ".?!":
        text = text[:-1].rstrip()
    if rng.chance(0.03):
        text = rng.choice(("Ok. ", "Great. ", "Hm. ", "Next: ", "So: ")) + text
    return text
