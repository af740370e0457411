"""Words: their letters, and what the model knows about plain things.

Letters are written k-i-t-e, so that each is a token of its own.
"""
from skills.known import ABILITIES, KINDS, LEGS, LENGTHS, OPPOSITES, SOUNDS, THING_COLOURS, UNCOUNTED
from skills.pools import LETTERS, PLAIN, commas, fresh, numbered
from turns import Turn, verdict
from world import (ANIMALS, COLOURS, DAYS, FOODS, MONTHS, PLACES, THINGS, article, capital, invented_word, person_name,
                   person_names)


def spelt(word: str) -> str:
    return "-".join(word)


def letter_word(rng, longest: int = 8) -> str:
    """A word whose letters are asked for: rarely an invented one."""
    while True:
        word = invented_word(rng) if rng.chance(0.1) else rng.choice(PLAIN)
        if len(word) <= longest:
            return word


def spelling(rng, state):
    """Spelling a word"""
    word = letter_word(rng)
    yield Turn(rng.choice([f"Spell {word}.", f"How do you spell {word}?", f"Spell the word {word}.",
                           f"Can you spell {word}?", f"How is {word} spelt?", f"Spell {word} for me."]),
               f"The word {word} is spelt {spelt(word)}.", f"{spelt(word)}.")


def spell_backwards(rng, state):
    """Spelling a word backwards"""
    word = letter_word(rng, 5)
    turned = list(reversed(list(enumerate(word, 1))))
    yield Turn(rng.choice([f"Spell {word} backwards.", f"What is {word} backwards?",
                           f"Say the letters of {word} backwards.", f"Spell the word {word} from the end."]),
               f"The word {word} backwards is {spelt(word[::-1])}.", f"{spelt(word[::-1])}.",
               f"{numbered(word)}. From the end: {commas(f'{place} {letter}' for place, letter in turned)}.")


def count_letters(rng, state):
    """Number of letters"""
    word = letter_word(rng)
    yield Turn(rng.choice([f"How many letters does {word} have?", f"How many letters are in {word}?",
                           f"How long is the word {word}?", f"Count the letters of {word}.",
                           f"How many letters has the word {word}?"]),
               f"{numbered(word)}: {word} has {len(word)} letters.", f"{len(word)}.",
               f"{numbered(word)}. So {len(word)}.")


def count_one_letter(rng, state):
    """How often a letter occurs"""
    def draw():
        word = letter_word(rng)
        doubled = [letter for letter in word if word.count(letter) > 1]
        if doubled and rng.chance(0.4):
            return rng.choice(doubled), word
        return rng.choice(word if rng.chance(0.8) else LETTERS), word

    letter, word = fresh(rng, draw)
    steps, n = [], 0
    for other in word:
        n += other == letter
        steps.append(f"{other} {n}")
    times = f"{n} time{'' if n == 1 else 's'}"
    yield Turn(rng.choice([f"How many times is the letter {letter} in {word}?", f"How often is {letter} in {word}?",
                           f"How many letters {letter} are in {word}?",
                           f"Count the letter {letter} in the word {word}.",
                           f"How many times does {word} have the letter {letter}?"]),
               f"{commas(steps)}: the letter {letter} is in {word} {times}.", f"{n}.",
               f"Count {letter}: {commas(steps)}. So {n}.")


def end_letter(rng, state):
    """First or last letter"""
    word, place = fresh(rng, lambda: (letter_word(rng), rng.choice(["first", "last"])))
    letter = word[0] if place == "first" else word[-1]
    yield Turn(rng.choice([f"What is the {place} letter of {word}?", f"Which letter is the {place} one in {word}?",
                           f"What is the {place} letter of the word {word}?",
                           f"Tell me the {place} letter of {word}."]),
               f"{spelt(word)}: the {place} letter is {letter}.", f"{letter}.",
               f"{spelt(word)}. The {place} is {letter}.")


def alphabet(rng, state):
    """Neighbours in the alphabet"""
    if rng.chance(0.1):
        yield Turn(rng.choice(["Say the alphabet.", "Do you know the alphabet?", "Tell me the alphabet."]),
                   commas(LETTERS) + ".")
        return
    i = rng.randrange(25)
    side, key, value = rng.choice([("after", LETTERS[i], LETTERS[i + 1]), ("before", LETTERS[i + 1], LETTERS[i])])
    yield Turn(rng.choice([f"Which letter comes {side} {key}?", f"What letter is {side} {key} in the alphabet?"]),
               f"{capital(side)} {key} comes {value}.", f"{value}.")


def opposites(rng, state):
    """Opposites"""
    a, b = rng.choice(OPPOSITES)
    a, b = (a, b) if rng.chance(0.5) else (b, a)
    yield Turn(rng.choice([f"What is the opposite of {a}?", f"Opposite of {a}?", f"Tell me the opposite of {a}.",
                           f"What is the contrary of {a}?", f"Which word is the opposite of {a}?"]),
               f"The opposite of {a} is {b}.", f"{capital(b)}.")


def calendar(rng, state):
    """Days and months"""
    series, noun, now, back, on = rng.choice([(DAYS, "day", "today is", "yesterday was", "tomorrow is"),
                                              (MONTHS, "month", "this month is", "last month was", "next month is")])
    i = rng.randrange(len(series))
    after = rng.chance(0.6)
    side, other = ("after", series[(i + 1) % len(series)]) if after else ("before", series[i - 1])
    if rng.chance(0.3):
        question = {"tomorrow is": "what day is tomorrow?", "yesterday was": "what day was yesterday?",
                    "next month is": "what is the next month?", "last month was": "what was the last month?"}
        phrase = on if after else back
        yield Turn(f"If {now} {series[i]}, {question[phrase]}", f"If {now} {series[i]}, {phrase} {other}.", f"{other}.")
        return
    yield Turn(rng.choice([f"Which {noun} comes {side} {series[i]}?", f"What comes {side} {series[i]}?",
                           f"What {noun} is {side} {series[i]}?", f"Tell me the {noun} {side} {series[i]}."]),
               f"{capital(side)} {series[i]} comes {other}.", f"{other}.")


def quantities(rng, state):
    """Legs, and how many in what"""
    if rng.chance(0.35):
        whole, parts = rng.choice(list(LENGTHS.items()))
        number, noun = parts.split()
        yield Turn(rng.choice([f"How many {noun} does {whole} have?", f"How many {noun} are in {whole}?"]),
                   f"{capital(whole)} has {parts}.", f"{number}.")
        return
    animal, legs = rng.choice(list(LEGS.items()))
    who = article(animal)
    yield Turn(rng.choice([f"How many legs does {who} have?", f"How many legs has {who}?", f"Legs of {who}?"]),
               f"{capital(who)} has {legs} legs.", f"{legs}.")


def sounds(rng, state):
    """Animal sounds"""
    animal, sound = rng.choice(list(SOUNDS.items()))
    who = article(animal)
    yield Turn(rng.choice([f"What does {who} say?", f"Which sound does {who} make?", f"How does {who} sound?",
                           f"What sound does {who} make?"]), f"{capital(who)} says {sound}.", f"{capital(sound)}.")


def thing_colour(rng, state):
    """Colours of things"""
    thing, colour = rng.choice(list(THING_COLOURS.items()))
    yield Turn(rng.choice([f"What colour is {thing}?", f"Which colour is {thing}?", f"What is the colour of {thing}?",
                           f"Which colour does {thing} have?"]),
               f"{capital(thing)} is {colour}.", f"{capital(colour)}.")


def is_colour(rng, state):
    """Is a thing of a colour"""
    thing, colour = rng.choice(list(THING_COLOURS.items()))
    asked = colour if rng.chance(0.5) else rng.choice([other for other in COLOURS if other != colour])
    yield verdict(f"Is {thing} {asked}?", f"{capital(thing)} is {colour}.", asked == colour)


def can_it(rng, state):
    """Can an animal do this"""
    who = rng.choice(list(ABILITIES))
    can, cannot = ABILITIES[who]
    yes = bool(can) and rng.chance(0.5)
    act = rng.choice(can if yes else cannot)
    yield verdict(rng.choice([f"Can {who} {act}?", f"Is {who} able to {act}?"]),
                  f"{capital(who)} can{'' if yes else 'not'} {act}.", yes)


def is_kind(rng, state):
    """Is this a fruit"""
    kind, other = rng.choice(list(KINDS)), rng.choice(list(KINDS))
    kind = other if rng.chance(0.4) else kind
    word = rng.choice(KINDS[other])
    subject = word if other in UNCOUNTED else article(word)
    if rng.chance(0.4):
        yield Turn(rng.choice([f"What is {subject}?", f"What kind of thing is {subject}?"]),
                   f"{capital(subject)} is {article(other)}.", f"{capital(article(other))}.")
        return
    yield verdict(f"Is {subject} {article(kind)}?", f"{capital(subject)} is {article(other)}.", kind == other)


def which_kind(rng, state):
    """Which of these is a fruit"""
    kinds = rng.sample(list(KINDS), 3)
    words = fresh(rng, lambda: [rng.choice(KINDS[kind]) for kind in kinds])
    i = rng.randrange(3)
    listed, kind = f"{words[0]}, {words[1]} or {words[2]}", article(kinds[i])
    yield Turn(rng.choice([f"Which of these is {kind}: {commas(words)}?", f"Which is {kind}, {listed}?",
                           f"Find the word for {kind}: {commas(words)}"]),
               f"The {kinds[i]} is {words[i]}.", f"{capital(words[i])}.",
               commas(f"{word} {own}" for word, own in zip(words, kinds)) + f". So {words[i]}.")


def repeat_sentence(rng, state):
    """Repeating a sentence"""
    name, other = person_names(rng, 2)
    template = rng.choice(["the {a} sits on the {t}", "my {t} is {c}", "{n} likes {f}", "a {c} {a} runs to {p}",
                           "{n} and {m} eat {f}", "I see {c} and {d}", "{n} gave the {t} to {m}", "we go to {p} today",
                           "the {w} is not a {v}", "{n} has {k} coins", "the {c} {t} and the {d} {w}",
                           "{n} meets {m} near {p}", "I like the word {w}"])
    first, second = rng.sample(COLOURS, 2)
    sentence = template.format(
        a=rng.choice(ANIMALS), t=rng.choice(THINGS), c=first, d=second, f=rng.choice(FOODS), n=name, m=other,
        p=rng.choice(PLACES), w=invented_word(rng), v=invented_word(rng), k=rng.randint(2, 99))
    yield Turn(rng.choice([f"Repeat: {sentence}", f'Say "{sentence}".', f"Repeat after me: {sentence}",
                           f"Please repeat this: {sentence}.", f"Say this: {sentence}.", f'Repeat "{sentence}".']),
               capital(sentence) + ".")


def say_hello_to(rng, state):
    """Greeting somebody by name"""
    name = person_name(rng)
    verb, phrase = rng.choice([("Say hello to {}.", "Hello, {}!"), ("Say goodbye to {}.", "Goodbye, {}!"),
                               ("Say thank you to {}.", "Thank you, {}!"),
                               ("Wish {} a good day.", "Have a good day, {}!"),
                               ("Wish {} a good night.", "Good night, {}!")])
    yield Turn(verb.format(name), phrase.format(name))


SKILLS = [(spelling, 5), (spell_backwards, 1.5), (count_letters, 3), (count_one_letter, 3), (end_letter, 3),
          (alphabet, 1.5), (opposites, 2), (calendar, 3), (quantities, 2), (sounds, 1), (thing_colour, 1.5),
          (is_colour, 2), (can_it, 2.5), (is_kind, 2.5), (which_kind, 2), (repeat_sentence, 3), (say_hello_to, 0.7)]
