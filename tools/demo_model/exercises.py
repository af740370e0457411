"""Small exercises: sums, counting, lists, yes or no, words, and reading a few sentences."""
from world import *


def arithmetic(rng, state):
    kind = rng.choice("++++---xx>")
    if kind == ">":
        a, b = rng.sample(range(0, 100 if rng.random() < 0.5 else 20), 2)
        bigger = rng.random() < 0.6
        word = rng.choice(["bigger", "larger"]) if bigger else "smaller"
        result = max(a, b) if bigger else min(a, b)
        yield f"Which is {word}, {a} or {b}?", f"{result} is {word} than {a + b - result}.", f"{result}."
        return
    if rng.random() < 0.08:
        a, b, sign = rng.randint(13, 999), rng.randint(13, 999), rng.choice("+-*")
        yield rng.choice([f"What is {a} {sign} {b}?", f"{a} {sign} {b}", f"How much is {a} {sign} {b}?"]), \
            "That is too big for me. I can do sums up to 12.", "Too big."
        return
    a, b = rng.randint(0, 12), rng.randint(0, 12)
    if kind == "+":
        text, result, sign, word = f"{a} + {b}", a + b, "+", "plus"
    elif kind == "-":
        a, b = max(a, b), min(a, b)
        text, result, sign, word = f"{a} - {b}", a - b, "-", "minus"
    else:
        a, b = rng.randint(1, 10), rng.randint(1, 10)
        text, result, sign, word = f"{a} * {b}", a * b, "*", "times"
    question = rng.choice([f"What is {text}?", f"{text}", f"{text} = ?", f"What is {a} {word} {b}?",
                           f"How much is {a} {word} {b}?", f"How much is {text}?", f"Calculate {text}."])
    yield question, rng.choice([f"{a} {sign} {b} = {result}."]), f"{result}."
    if rng.random() < 0.3 and result < 13:
        c = rng.randint(1, 9)
        yield rng.choice([f"And plus {c}?", f"Add {c}.", f"And {c} more?"]), \
            f"{result} + {c} = {result + c}.", f"{result + c}."


def word_problem(rng, state):
    name, thing = person_name(rng), rng.choice(["apples", "books", "coins", "stones", "shells", "cups", "bells"])
    a, b = rng.randint(1, 9), rng.randint(1, 9)
    if rng.random() < 0.5:
        yield (f"{name} has {a} {thing} and gets {b} more. How many {thing} does {name} have?",
               f"{a} + {b} = {a + b}. {name} has {a + b} {thing}.", f"{a + b}.")
    else:
        a, b = max(a, b) + 1, min(a, b)
        yield (f"{name} has {a} {thing} and gives away {b}. How many {thing} does {name} have?",
               f"{a} - {b} = {a - b}. {name} has {a - b} {thing}.", f"{a - b}.")


def counting(rng, state):
    kind = rng.randrange(4)
    if kind == 0:
        n = rng.randint(2, 20)
        out = ", ".join(map(str, range(1, n + 1)))
        yield rng.choice([f"Count to {n}.", f"Can you count to {n}?", f"Count from 1 to {n}."]), out + ".", out + "."
    elif kind == 1:
        a = rng.randint(2, 30)
        b = a + rng.randint(2, 9)
        out = ", ".join(map(str, range(a, b + 1)))
        yield rng.choice([f"Count from {a} to {b}.", f"Say the numbers from {a} to {b}."]), out + ".", out + "."
    elif kind == 2:
        n = rng.randint(3, 12)
        out = ", ".join(map(str, range(n, 0, -1)))
        yield rng.choice([f"Count down from {n}.", f"Count backwards from {n}.", f"Count from {n} down to 1."]), \
            out + ".", out + "."
    else:
        n = rng.randint(0, 98)
        up = rng.random() < 0.6 or n == 0
        yield (f"Which number comes after {n}?" if up else f"Which number comes before {n}?",
               f"The number {n + 1 if up else n - 1} comes {'after' if up else 'before'} {n}.",
               f"{n + 1 if up else n - 1}.")


def some_words(rng, low, high):
    pool = rng.choice([COLOURS, FOODS, ANIMALS, THINGS, HOBBIES, CITIES, NAMES, None])
    n = rng.randint(low, high)
    if pool is None:
        return [person_name(rng).lower() for _ in range(n)]
    return rng.sample(pool, n)


def lists(rng, state):
    words = some_words(rng, 2, 6) if rng.random() < 0.85 else [str(rng.randint(0, 99)) for _ in range(rng.randint(3, 6))]
    text = ", ".join(words)
    kind = rng.randrange(7)
    if kind == 0:
        yield rng.choice([f"Repeat: {text}", f"Repeat this list: {text}", f"Say this again: {text}",
                          f"Repeat after me: {text}"]), f"{text}.", f"{text}."
    elif kind == 1:
        out = ", ".join(reversed(words))
        yield rng.choice([f"Reverse this list: {text}", f"Say this backwards: {text}", f"Reverse: {text}",
                          f"Turn the list around: {text}"]), f"{out}.", f"{out}."
    elif kind == 2:
        place, index = rng.choice([("first", 0), ("last", -1), ("second", 1)])
        yield f"What is the {place} word of this list: {text}?", f"The {place} word is {words[index]}.", f"{words[index]}."
    elif kind == 3:
        yield rng.choice([f"How many words are in this list: {text}?", f"How long is this list: {text}?"]), \
            f"The list has {len(words)} words.", f"{len(words)}."
    elif kind == 4:
        word, n = rng.choice(words), rng.randint(2, 5)
        out = " ".join([word] * n)
        yield f"Say {word} {NUMBER_WORDS[n]} times.", f"{out}.", f"{out}."
    elif kind == 5:
        inside = rng.random() < 0.5
        word = rng.choice(words) if inside else rng.choice([w for w in THINGS + COLOURS if w not in words])
        yield f"Is {word} in this list: {text}?", (f"Yes, {word} is in the list." if inside
                                                   else f"No, {word} is not in the list."), "Yes." if inside else "No."
    else:
        yield rng.choice([f"Remember this list: {text}.", f"My shopping list is: {text}."]), \
            "I will remember the list.", "OK."
        yield rng.choice(["What is on my list?", "What was the list?", "Tell me the list."]), \
            f"Your list is: {text}.", f"{text}."


def echo(rng, state):
    sentence = rng.choice([
        "the {a} sits on the {t}", "my {t} is {c}", "{n} likes {f}", "a {c} {a} runs to {p}",
        "{n} and {m} eat {f}", "I see {c} and {d}"]).format(
        a=rng.choice(ANIMALS), t=rng.choice(THINGS), c=rng.choice(COLOURS), d=rng.choice(COLOURS),
        f=rng.choice(FOODS), n=person_name(rng), m=person_name(rng), p=rng.choice(PLACES))
    yield rng.choice([f"Repeat: {sentence}", f'Say "{sentence}".', f"Repeat after me: {sentence}"]), \
        capital(sentence) + ".", capital(sentence) + "."


def yes_no(rng, state):
    if rng.random() < 0.55:
        who = rng.choice(list(ABILITIES))
        can, cannot = ABILITIES[who]
        yes = rng.random() < 0.5 and bool(can)
        act = rng.choice(can if yes else cannot)
        yield f"Can {who} {act}?", f"{'Yes' if yes else 'No'}, {who} can{'' if yes else 'not'} {act}.", \
            "Yes." if yes else "No."
    elif rng.random() < 0.5:
        thing, colour = rng.choice(list(THING_COLOURS.items()))
        asked = colour if rng.random() < 0.5 else rng.choice(COLOURS)
        yes = asked == colour
        yield f"Is {thing} {asked}?", (f"Yes, {thing} is {colour}." if yes else
                                       f"No, {thing} is not {asked}, it is {colour}."), "Yes." if yes else "No."
    else:
        kind = rng.choice(list(KINDS))
        other = kind if rng.random() < 0.5 else rng.choice(list(KINDS))
        word = rng.choice(KINDS[other])
        yes = kind == other
        subject = article(word) if other in ("fruit", "animal", "tool") else word
        yield f"Is {subject} {article(kind)}?", (f"Yes, {subject} is {article(kind)}." if yes else
                                                 f"No, {subject} is {article(other)}."), "Yes." if yes else "No."


def knowledge(rng, state):
    kind = rng.randrange(7)
    if kind == 0:
        a, b = rng.choice(OPPOSITES)
        a, b = (a, b) if rng.random() < 0.5 else (b, a)
        yield rng.choice([f"What is the opposite of {a}?", f"Opposite of {a}?", f"Tell me the opposite of {a}."]), \
            f"The opposite of {a} is {b}.", f"{capital(b)}."
    elif kind == 1:
        animal, sound = rng.choice(list(SOUNDS.items()))
        yield rng.choice([f"What does {article(animal)} say?", f"Which sound does {article(animal)} make?"]), \
            f"{capital(article(animal))} says {sound}.", f"{capital(sound)}."
    elif kind == 2:
        animal, legs = rng.choice(list(LEGS.items()))
        yield f"How many legs does {article(animal)} have?", \
            f"{capital(article(animal))} has {legs or 'no'} legs.", f"{legs}."
    elif kind in (3, 4):
        series, noun = (DAYS, "day") if kind == 3 else (MONTHS, "month")
        i = rng.randrange(len(series))
        after = rng.random() < 0.6
        other = series[(i + (1 if after else -1)) % len(series)]
        word = "after" if after else "before"
        yield f"Which {noun} comes {word} {series[i]}?", f"{other} comes {word} {series[i]}.", f"{other}."
    elif kind == 5:
        thing, colour = rng.choice(list(THING_COLOURS.items()))
        yield rng.choice([f"What colour is {thing}?", f"Which colour has {thing}?"]), \
            f"{capital(thing)} is {colour}.", f"{capital(colour)}."
    else:
        word = rng.choice(SPELL)
        yield rng.choice([f"Spell {word}.", f"How do you spell {word}?", f"Spell the word {word}."]), \
            "-".join(word) + ".", "-".join(word) + "."


def reading(rng, state):
    """Two or three people have or go; who has what, where is whom."""
    people = []
    while len(people) < rng.choice([2, 2, 3]):
        name = person_name(rng)
        if name not in people:
            people.append(name)
    if rng.random() < 0.55:
        things, colours = rng.sample(THINGS, len(people)), rng.sample(COLOURS, len(people))
        text = " ".join(f"{p} has {article(c)} {t}." for p, c, t in zip(people, colours, things))
        i = rng.randrange(len(people))
        p, c, t = people[i], colours[i], things[i]
        question, answer, short = rng.choice([
            (f"Who has the {t}?", f"{p} has the {t}.", f"{p}."),
            (f"What does {p} have?", f"{p} has {article(c)} {t}.", f"{capital(article(c))} {t}."),
            (f"Which colour is the {t}?", f"The {t} is {c}.", f"{capital(c)}."),
            (f"Who has something {c}?", f"{p} has something {c}.", f"{p}.")])
    else:
        places = rng.sample(PLACES, len(people))
        text = " ".join(f"{p} goes to {q}." for p, q in zip(people, places))
        i = rng.randrange(len(people))
        question, answer, short = rng.choice([
            (f"Where is {people[i]}?", f"{people[i]} is at {places[i]}.", f"At {places[i]}."),
            (f"Who is at {places[i]}?", f"{people[i]} is at {places[i]}.", f"{people[i]}.")])
    if rng.random() < 0.6:
        yield f"{text} {question}", answer, short
    else:
        yield text, rng.choice(["I see."]), "OK."
        yield question, answer, short


def outside(rng, state):
    """What a very small model does not know, it says so."""
    if rng.random() < 0.2:
        words = ["".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 4))) for _ in range(rng.randint(1, 7))]
        noise = "".join(chr(rng.choice([rng.randint(33, 126), rng.randint(0xc0, 0x17f), rng.randint(0x4e00, 0x9000)]))
                        for _ in range(rng.randint(1, 8)))
        yield rng.choice([" ".join(words).capitalize() + rng.choice(".?!"), noise, " ".join(words) + " " + noise]), \
            "I am sorry, I do not understand that.", "I do not understand."
        return
    word = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4)))
    topic = rng.choice(["the weather", "politics", "the news", "quantum physics", "the stock market", "history",
                        "computers", "the moon landing", "taxes", "medicine", "law", "the internet", "Python code",
                        "philosophy", "chemistry", "space", "the economy", "cars", "movies", f"{word}"])
    yield rng.choice([f"What do you think about {topic}?", f"Explain {topic} to me.", f"Tell me about {topic}.",
                      f"What is {word}?", f"Write an essay about {topic}.", f"Who was {word.capitalize()}?",
                      f"What is the capital of {word.capitalize()}?", f"Translate {word} into French.",
                      f"What is the meaning of {word}?", f"Write a program that prints {word}.",
                      f"Do you know anything about {topic}?", f"Why is there {topic}?"]), \
        "I am a very small model, and I do not know that.", "I do not know."


def joke(rng, state):
    a, b = rng.choice([
        ("Why did the duck cross the lake?", "To get to the other quack!"),
        ("Why is the baker never sad?", "Because the bread always rises!"),
        ("What does an owl say when it learns?", "Hoo knew!"),
        ("Why did the clock go to school?", "It wanted to pass the time!"),
        ("What did the big drum say to the small drum?", "You cannot beat me!")])
    yield rng.choice(["Tell me a joke.", "Do you know a joke?", "Make me laugh.", "A joke, please!"]), f"{a} {b}", f"{a} {b}"
