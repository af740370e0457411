"""The small world that the demo model lives in: words and facts, all our own.

Everything the model says about the village comes from here, so its answers are consistent.
"""
import random

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
SYLLABLES = ("ba be bi bo da de di do fa fe ga go ha he ka ke ki ko la le li lo lu ma me mi mo na ne ni no "
             "pa pe po ra re ri ro ru sa se si so ta te ti to va ve vi za zo").split()
COLOURS = "red blue green yellow purple black white brown orange pink grey silver".split()
FOODS = ("bread soup apples carrots cherries cheese honey potatoes fish cake rice pasta pizza bananas "
         "chocolate pancakes tomatoes beans plums noodles").split()
ANIMALS = "cat dog owl rabbit bird horse mouse cow duck fox bear frog sheep pig goat lion wolf bee".split()
PLACES = ("the forest", "the river", "the beach", "the market", "the mountain", "the lake", "the garden",
          "the hill", "the old tower", "the harbour", "the bridge", "the farm")
THINGS = ("ball book key lamp hat shell stone drum kite coin map bell ring cup box flower leaf feather "
          "boat clock").split()
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


def person_name(rng: random.Random) -> str:
    """A common name or an invented one: the model must copy names, not know them."""
    if rng.random() < 0.45:
        return rng.choice(NAMES)
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3))).capitalize()


def casual(rng: random.Random, text: str) -> str:
    """People type loosely: lower case, no final mark, a please or an ok in front."""
    draw = rng.random()
    if draw < 0.12:
        text = text.lower()
    elif draw < 0.25:
        text = text[:1].lower() + text[1:]
    if rng.random() < 0.22 and text[-1] in ".?!":
        text = text[:-1]
    if rng.random() < 0.04:
        text = rng.choice(["ok. ", "Great. ", "Hm. ", "And now: ", "So, "]) + text
    return text
