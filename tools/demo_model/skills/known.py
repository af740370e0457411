"""What the model knows about plain things: opposites, colours, sounds, legs, kinds, and who can do what."""

OPPOSITES = [("hot", "cold"), ("big", "small"), ("day", "night"), ("up", "down"), ("happy", "sad"), ("fast", "slow"),
             ("old", "young"), ("light", "dark"), ("wet", "dry"), ("full", "empty"), ("open", "closed"),
             ("high", "low"), ("long", "short"), ("hard", "soft"), ("left", "right"), ("early", "late"),
             ("loud", "quiet"), ("strong", "weak"), ("rich", "poor"), ("clean", "dirty"), ("thick", "thin"),
             ("deep", "shallow"), ("near", "far"), ("first", "last"), ("good", "bad"), ("inside", "outside"),
             ("always", "never"), ("question", "answer"), ("begin", "end"), ("push", "pull"), ("buy", "sell"),
             ("give", "take"), ("win", "lose"), ("summer", "winter"), ("north", "south"), ("east", "west"),
             ("smooth", "rough"), ("sweet", "sour"), ("above", "below")]
SOUNDS = {"cat": "meow", "dog": "woof", "cow": "moo", "duck": "quack", "sheep": "baa", "pig": "oink", "owl": "hoo",
          "frog": "ribbit", "bee": "buzz", "lion": "roar", "horse": "neigh", "mouse": "squeak", "wolf": "howl",
          "bird": "tweet", "hen": "cluck", "snake": "hiss", "crow": "caw", "bear": "growl"}
LEGS = {"cat": 4, "dog": 4, "cow": 4, "duck": 2, "sheep": 4, "pig": 4, "owl": 2, "frog": 4, "bee": 6, "lion": 4,
        "horse": 4, "mouse": 4, "bird": 2, "fish": 0, "spider": 8, "snake": 0, "ant": 6, "hen": 2, "goat": 4, "fox": 4,
        "wolf": 4, "bear": 4, "rabbit": 4, "worm": 0, "butterfly": 6, "fly": 6, "swan": 2, "camel": 4, "tiger": 4}
THING_COLOURS = {"grass": "green", "snow": "white", "the sky": "blue", "the sun": "yellow", "a banana": "yellow",
                 "a carrot": "orange", "a cherry": "red", "a tomato": "red", "the night": "black", "milk": "white",
                 "a leaf": "green", "chocolate": "brown", "coal": "black", "a frog": "green", "a lemon": "yellow",
                 "the sea": "blue", "a swan": "white", "a crow": "black", "a strawberry": "red", "a pumpkin": "orange",
                 "an eggplant": "purple", "salt": "white", "an elephant": "grey", "a pea": "green", "ink": "black",
                 "sand": "yellow", "a cucumber": "green", "a flamingo": "pink", "lavender": "purple", "soil": "brown"}
ABILITIES = {  # who -> (what it can do, what it cannot)
    "a fish": (["swim"], ["fly", "walk", "sing", "climb"]),
    "a bird": (["fly", "sing", "walk"], ["read", "drive", "write"]),
    "a cat": (["walk", "jump", "sleep", "climb"], ["fly", "read", "cook"]),
    "a dog": (["run", "swim", "jump", "bark"], ["fly", "talk", "write"]),
    "a horse": (["run", "jump"], ["fly", "read", "talk", "climb"]),
    "a stone": ([], ["fly", "walk", "swim", "sing", "talk"]),
    "a duck": (["swim", "fly", "walk"], ["read", "talk", "cook"]),
    "a child": (["walk", "talk", "sing", "run", "read"], ["fly"]),
    "a frog": (["jump", "swim"], ["fly", "read", "sing"]),
    "a tree": (["grow"], ["walk", "run", "swim", "talk"]),
    "a boat": (["float"], ["talk", "sleep", "climb"]),
    "a bee": (["fly", "buzz"], ["read", "bark", "talk"]),
    "a baker": (["bake", "walk", "talk", "read"], ["fly"]),
    "a monkey": (["climb", "jump", "sleep"], ["fly", "read"]),
    "a table": ([], ["walk", "sing", "sleep", "eat"]),
    "a snake": (["bite", "sleep"], ["walk", "fly", "sing"]),
    "a flower": (["grow"], ["run", "talk", "read"]),
    "a whale": (["swim"], ["walk", "fly", "read"]),
    "an owl": (["fly", "sleep"], ["read", "swim", "drive"]),
    "an ant": (["walk", "climb"], ["read", "talk", "sing"]),
}
KINDS = {"fruit": "apple banana cherry plum pear lemon grape melon peach".split(),
         "animal": "cat dog horse mouse sheep lion wolf goat rabbit tiger".split(),
         "colour": "red blue green yellow purple black white".split(),
         "tool": "hammer saw needle shovel drill axe brush".split(),
         "drink": "milk tea water juice coffee lemonade".split(),
         "flower": "rose tulip daisy lily violet".split(),
         "toy": "kite doll puzzle marble balloon".split(),
         "instrument": "drum violin flute piano guitar trumpet".split()}
UNCOUNTED = ("colour", "drink")  # kinds whose words take no article
LENGTHS = {"a week": "7 days", "a year": "12 months", "a day": "24 hours", "an hour": "60 minutes",
           "a minute": "60 seconds", "a hand": "5 fingers", "a square": "4 corners", "a triangle": "3 corners"}
