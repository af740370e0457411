"""Lists: repeat, reverse, sort, look up, count, join, and remember one list of the user's.

Answers and reasoning always separate by ", "; the reasoning numbers the items, because a number is an easy key to look
up by. The newest list of the user's is in state.memory["list"].
"""
from skills.pools import (INVENTED_SHARE, NUMBER_WORDS, ORDINALS, PLAIN, at, commas, fresh, numbered, one_word,
                          some_numbers, some_words)
from turns import Turn
from world import FOODS, THINGS, invented_word, joined, person_name


def shown(rng, words) -> str:
    """The list as a user writes it: mostly with commas."""
    return rng.weighted([(commas(words), 8), (joined(words), 1), (" ".join(words), 1)])


def ask(rng, words, *templates: str) -> str:
    return rng.choice(templates).format(t=shown(rng, words))


def stranger(rng, words) -> str:
    """A word that is not in the list."""
    while True:
        word = one_word(rng)
        if word not in words:
            return word


def repeat_list(rng, state):
    """Repeating a list"""
    words = some_words(rng, 2, 6) if rng.chance(0.85) else [str(n) for n in some_numbers(rng, 3, 6)]
    yield Turn(ask(rng, words, "Repeat: {t}", "Repeat this list: {t}", "Say this again: {t}", "Repeat after me: {t}",
                   "Please repeat: {t}", "Say after me: {t}", "Copy this list: {t}"), commas(words) + ".")


def reversed_turn(rng, low: int, high: int) -> Turn:
    words = some_words(rng, low, high) if rng.chance(0.85) else [str(n) for n in some_numbers(rng, low, high)]
    out = commas(reversed(words))
    places = list(enumerate(words, 1))
    think = numbered(words) + ". From the end: " + commas(at(place, word) for place, word in reversed(places)) + "."
    return Turn(ask(rng, words, "Reverse this list: {t}", "Say this backwards: {t}", "Reverse: {t}",
                    "Turn this list around: {t}", "Reverse the order: {t}", "Write this list backwards: {t}",
                    "{t}. Reverse this list.", "Give me this list in reverse order: {t}"),
                f"Backwards: {out}.", f"{out}.", think)


def reverse_short(rng, state):
    """Reversing two or three"""
    yield reversed_turn(rng, 2, 3)


def reverse_long(rng, state):
    """Reversing four or five"""
    yield reversed_turn(rng, 4, 5)


def sort_words(rng, state):
    """Sorting words by the alphabet"""
    count = rng.choice([2, 3, 3, 3, 4, 4, 5])
    pool = PLAIN if rng.chance(0.6) else rng.choice([FOODS, THINGS])
    draw = (lambda: person_name(rng)) if rng.chance(0.2) else (
        lambda: invented_word(rng) if rng.chance(INVENTED_SHARE) else rng.choice(pool))
    words = fresh(rng, lambda: distinct_first(draw, count))
    order = sorted(words)
    think = commas(f"{word[0]} {word}" for word in words) + ". Order: " + commas(f"{w[0]} {w}" for w in order) + "."
    yield Turn(ask(rng, words, "Sort these words: {t}", "Sort alphabetically: {t}", "Sort this list: {t}",
                   "Put these words in alphabetical order: {t}", "Sort this list by the alphabet: {t}",
                   "Order these words from a to z: {t}"), f"Sorted: {commas(order)}.", f"{commas(order)}.", think)


def distinct_first(draw, count: int) -> list[str]:
    """Words with different first letters: a tiny model cannot look deeper."""
    words = []
    while len(words) < count:
        word = draw()
        if all(word[0] != other[0] for other in words):
            words.append(word)
    return words


def sort_numbers(rng, state):
    """Sorting numbers"""
    numbers = some_numbers(rng, 3, 5)
    down = rng.chance(0.25)
    order = sorted(numbers, reverse=down)
    left, steps = list(numbers), []
    for number in order[:-1]:
        steps.append(f"{commas(left)}: {number}")
        left.remove(number)
    question = rng.choice(["Sort from big to small: {t}", "Sort these numbers, biggest first: {t}",
                           "Order these numbers from the biggest to the smallest: {t}"] if down else
                          ["Sort these numbers: {t}", "Sort: {t}", "Put these numbers in order: {t}",
                           "Sort from small to big: {t}", "Sort these numbers, smallest first: {t}",
                           "Order these numbers from the smallest to the biggest: {t}"])
    yield Turn(question.format(t=commas(numbers)), f"Sorted: {commas(order)}.", f"{commas(order)}.",
               ". ".join(steps) + f". Last {left[0]}.")


def nth(rng, state):
    """First, last or nth item"""
    noun, words = rng.weighted([("word", 5), ("item", 3), ("thing", 2), ("number", 2)]), None
    words = [str(n) for n in some_numbers(rng, 3, 6)] if noun == "number" else some_words(rng, 2, 6)
    index = rng.randrange(len(words))
    if rng.chance(0.3):
        index = rng.choice([0, len(words) - 1])
    place = "last" if index == len(words) - 1 and rng.chance(0.6) else ORDINALS[index + 1]
    yield Turn(ask(rng, words, f"What is the {place} {noun} of this list: {{t}}?",
                   f"What is the {place} {noun} in this list: {{t}}", f"Which {noun} is the {place}: {{t}}?",
                   f"Tell me the {place} {noun}: {{t}}", f"{{t}}. What is the {place} {noun}?"),
               f"The {place} {noun} is {words[index]}.", f"{words[index]}.",
               f"{numbered(words)}. The {place} is {at(index + 1, words[index])}.")


def next_item(rng, state):
    """The item after or before"""
    words = some_words(rng, 3, 6)
    index = rng.randrange(len(words) - 1)
    after = rng.chance(0.6)
    key, value = (words[index], words[index + 1]) if after else (words[index + 1], words[index])
    side = "after" if after else "before"
    yield Turn(rng.choice([f"Which word comes {side} {key} in this list: {commas(words)}?",
                           f"{commas(words)}. What comes {side} {key}?",
                           f"What is {side} {key} in this list: {commas(words)}?"]),
               f"{side.capitalize()} {key} comes {value}.", f"{value}.")


def how_many(rng, state):
    """Length of a list"""
    numbers = rng.chance(0.15)
    words = [str(n) for n in some_numbers(rng, 2, 8)] if numbers else some_words(rng, 2, 8)
    noun = "numbers" if numbers else rng.choice(["words", "words", "items", "things"])
    yield Turn(ask(rng, words, f"How many {noun} are in this list: {{t}}?", f"How many {noun} are there: {{t}}?",
                   f"Count the {noun} in this list: {{t}}", f"{{t}}. How many {noun} is that?"),
               f"{numbered(words)}: the list has {len(words)} {noun}.", f"{len(words)}.",
               f"{numbered(words)}. So {len(words)}.")


def found(question: str, word: str, words: list, where: str) -> Turn:
    """Whether the word is among the words: the answer looks at one after the other."""
    steps, inside = commas(f"{other} {'yes' if other == word else 'no'}" for other in words), word in words
    return Turn(question, f"{steps}, so {word} is {'' if inside else 'not '}in {where}.", "Yes." if inside else "No.",
                f"{steps}.")


def is_in(rng, state):
    """Is a word in the list"""
    words = some_words(rng, 2, 6)
    inside = rng.chance(0.5)
    word = rng.choice(words) if inside else stranger(rng, words)
    yield found(ask(rng, words, f"Is {word} in this list: {{t}}?", f"Does this list have {word}: {{t}}?",
                    f"Is {word} one of these words: {{t}}?", f"{{t}}. Is {word} in the list?"), word, words, "the list")


def join_lists(rng, state):
    """Joining two lists"""
    words = some_words(rng, 3, 6)
    cut = rng.randint(1, len(words) - 1)
    a, b = commas(words[:cut]), commas(words[cut:])
    yield Turn(rng.choice([f"First list: {a}. Second list: {b}. Join them.",
                           f"Join these two lists: {a} and: {b}", f"Join the list {a} with the list {b}.",
                           f"List one: {a}. List two: {b}. Put them together."]),
               f"Together: {a}, {b}.", f"{a}, {b}.")


def say_times(rng, state):
    """Saying a word n times"""
    word, n = one_word(rng), rng.randint(2, 6)
    count = rng.choice([NUMBER_WORDS[n], str(n)]) + " times" if n > 2 or rng.chance(0.5) else "twice"
    out = commas([word] * n) + "."
    yield Turn(rng.choice([f"Say {word} {count}.", f"Repeat the word {word} {count}.", f"Say the word {word} {count}.",
                           f"Write {word} {count}."]), out, think=numbered([word] * n) + ".")


TELLS = ["Remember this list: {}.", "My list is: {}.", "My shopping list is: {}.", "Please remember my list: {}.",
         "This is my list: {}.", "I have a list: {}.", "Here is my list: {}.", "Keep this list for me: {}."]
LONGEST = 6  # items of the remembered list


def told(rng, state) -> Turn:
    words = some_words(rng, 2, 5)
    if rng.chance(0.4):
        words = fresh(rng, lambda: rng.sample(FOODS + THINGS, rng.randint(2, 5)))
    state.memory["list"] = words
    return Turn(rng.choice(TELLS).format(commas(words)), "I will remember the list.", "OK.")


def kept(rng, state):
    """The turn that tells a list, unless one is there already that will do."""
    if "list" not in state.memory or rng.chance(0.3):
        yield told(rng, state)


def tell_list(rng, state):
    """Being told a list"""
    yield told(rng, state)


def recall_list(rng, state):
    """Recalling the list"""
    yield from kept(rng, state)
    out = commas(state.memory["list"])
    yield Turn(rng.choice(["What is on my list?", "What was my list?", "Tell me my list.", "Read my list to me.",
                           "What did I put on my list?", "Do you remember my list?", "Say my list again."]),
               f"Your list is: {out}.", f"{out}.")


def no_list(rng, state):
    """Asked for a list never told"""
    if "list" in state.memory:
        yield from recall_list(rng, state)
    else:
        yield Turn(rng.choice(["What is on my list?", "What was my list?", "Tell me my list.", "Read my list to me.",
                               "What did I put on my list?", "Do you remember my list?", "How long is my list?"]),
                   "You did not tell me a list yet.", "I do not know.")


def add_to_list(rng, state):
    """Adding to the list"""
    if len(state.memory.get("list", ())) >= LONGEST:
        yield told(rng, state)
    yield from kept(rng, state)
    words = state.memory["list"]
    word = rng.choice([w for w in FOODS if w not in words]) if rng.chance(0.5) else stranger(rng, words)
    state.memory["list"] = words + [word]
    out = commas(words + [word])
    yield Turn(rng.choice([f"Add {word} to my list.", f"Put {word} on my list.", f"Please add {word} to the list.",
                           f"I need {word} on my list, too.", f"My list needs {word}, too."]),
               f"Your list is now: {out}.", f"{out}.")


def remove_from_list(rng, state):
    """Removing from the list"""
    if 0 < len(state.memory.get("list", ())) < 3:
        yield told(rng, state)
    yield from kept(rng, state)
    words = state.memory["list"]
    word = rng.choice(words)
    left = [w for w in words if w != word]
    state.memory["list"] = left
    yield Turn(rng.choice([f"Remove {word} from my list.", f"Take {word} off my list.", f"Cross out {word}.",
                           f"Please remove {word} from the list.", f"I do not need {word} on my list any more."]),
               f"Your list is now: {commas(left)}.", f"{commas(left)}.",
               commas(f"{w} {'out' if w == word else 'stays'}" for w in words) + ".")


def about_list(rng, state):
    """Questions about the kept list"""
    yield from kept(rng, state)
    words = state.memory["list"]
    kind = rng.randrange(3)
    if kind == 0:
        inside = rng.chance(0.5)
        word = rng.choice(words) if inside else stranger(rng, words)
        yield found(rng.choice([f"Is {word} on my list?", f"Do I have {word} on my list?"]), word, words, "your list")
    elif kind == 1:
        yield Turn(rng.choice(["How many things are on my list?", "How long is my list?"]),
                   f"The number of things on your list is {len(words)}.", f"{len(words)}.",
                   f"{numbered(words)}. So {len(words)}.")
    else:
        place, index = rng.choice([("first", 0), ("last", -1)])
        yield Turn(rng.choice([f"What is the {place} thing on my list?", f"What is {place} on my list?"]),
                   f"The {place} thing on your list is {words[index]}.", f"{words[index]}.",
                   f"{numbered(words)}. The {place} is {at(index % len(words) + 1, words[index])}.")


SKILLS = [(repeat_list, 4), (reverse_short, 4), (reverse_long, 5), (sort_words, 5), (sort_numbers, 4), (nth, 4),
          (next_item, 2), (how_many, 3), (is_in, 3), (join_lists, 1.5), (say_times, 2), (tell_list, 1.5),
          (recall_list, 3), (no_list, 1), (add_to_list, 2), (remove_from_list, 2), (about_list, 2)]
