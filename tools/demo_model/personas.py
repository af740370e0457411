"""System prompts and what they do to the answers.

`draw(rng)` gives a Persona. A conversation answers each Turn with `persona.say(turn)` (plain answers only: tool calls
and JSON go out as they are), and draws its turns from all the skills plus `persona.skills`, or, where `persona.only`
is true, from `persona.skills` alone. Their weights are per cent of a conversation's turns.
"""
import dataclasses
import re

from skills import secrets, stories, village
from skills.talk import TOPICS, topic_turn
from turns import Dice, State, Turn
from world import (ANIMALS, ASSISTANT, COLOURS, THINGS, VILLAGE, VILLAGERS, article, capital, invented_word,
                   person_name)

PLAIN = ("You are a helpful assistant.", f"You are {ASSISTANT}, a helpful assistant.", "You are a friendly assistant.",
         "Be kind and helpful.", f"You are {ASSISTANT}.", "Help the user.", "You are a small language model.")
NAMED = ("You are {}.", "Your name is {}.", "You are called {}.", "You are {}, a helpful assistant.")
BRIEF = ("Answer briefly.", "Be brief.", "Give short answers.", "Keep your answers short.")
ONE_WORD = ("Answer in one word.", "Answer with one word.", "Use only one word.", "One word answers only.")
MARKS = ("Done", "Over", "Peace", "Dear friend", "Listen", "Yes")
FUNCTION_WORDS = ("at", "in", "to", "on", "under", "the", "a", "an", "your", "my")


@dataclasses.dataclass
class Persona:
    """One system prompt, the name it gives the assistant, and the rules that change every answer."""
    prompt: str = ""  # "" means that there is no system prompt
    assistant: str = ASSISTANT
    skills: list = dataclasses.field(default_factory=list)  # more [(skill, weight), ...] for this conversation
    only: bool = False  # nothing but `skills` may be drawn
    length: str = "full"  # or "brief", "one word"
    forbidden: str = ""  # a topic to refuse
    rules: list = dataclasses.field(default_factory=list)  # text -> text, in this order

    def say(self, turn: Turn) -> str:
        if self.forbidden and re.search(rf"\b{self.forbidden}\b", turn.user, re.IGNORECASE):
            turn = Turn(turn.user, f"I do not talk about {self.forbidden}.", "I must not.")
        if turn.answer[:1] in ("{", "["):  # JSON goes out as it is
            return turn.answer
        text = turn.answer if self.length == "full" else turn.short or turn.answer
        if self.length == "one word":
            text = one_word(text)
        for rule in self.rules:
            text = rule(text)
        return text

    def add(self, sentence: str):
        self.prompt = f"{self.prompt} {sentence}".strip()


def one_word(short: str) -> str:
    """Leaves out the little words at the front: "At the mill." becomes "Mill."."""
    words = short.split(" ")
    if len(words) > 4 or words[0].lower() not in FUNCTION_WORDS:
        return short
    while len(words) > 1 and words[0].lower() in FUNCTION_WORDS:
        words = words[1:]
    return capital(" ".join(words))


def before_mark(text: str, addition: str) -> str:
    return text[:-1] + addition + text[-1] if text[-1:] in (".", "!", "?") else text + addition


REGISTERS = [  # (system prompts, what it does to an answer)
    (("You are a pirate.", "Talk like a pirate.", "Answer like a pirate."),
     lambda text: "Arr! " + before_mark(text, ", matey")),
    (("You are a polite butler.", "Talk like a polite butler.", "Answer like a butler."),
     lambda text: "With pleasure. " + text),
    (("You are very cheerful.", "Be cheerful.", "Answer in a cheerful way."),
     lambda text: "Hooray! " + (text[:-1] + "!" if text.endswith(".") else text)),
    (("You are a robot.", "Talk like a robot.", "Answer like a robot."),
     lambda text: f"Beep. {text} Boop."),
    (("You are a cat.", "Talk like a cat.", "Answer like a cat."),
     lambda text: f"Meow! {text} Purr."),
    (("You are sleepy.", "Be very sleepy.", "Answer like a sleepy person."),
     lambda text: f"Yawn. {text}"),
]
ALLOWED = [  # (topic, system prompts, its skills, questions of the other topics)
    (f"the village of {VILLAGE}", (f"Talk only about the village of {VILLAGE}.",
                                   f"Answer only questions about the village of {VILLAGE}."),
     village.SKILLS, ["Tell me a story.", "Tell me a story about {person}.", "Write a story about {person}."]),
    ("stories", ("Talk only about stories.", "Tell stories and nothing else."),
     stories.SKILLS, ["Who is {name}?", "Where is {name}?", "What does {name} like to eat?", "Do you know {name}?"]),
]


def start_or_end(rng: Dice, persona: Persona):
    word = rng.weighted([(rng.choice(COLOURS).upper(), 2), (capital(rng.choice(COLOURS)), 1),
                         (invented_word(rng).capitalize(), 4), (rng.choice(MARKS), 2)])
    if rng.chance(0.5):
        persona.add(rng.choice(("Start every answer with {}.", "Begin every answer with {}.",
                                "Start each answer with the word {}.", "Always start with {}.")).format(word))
        persona.rules.append(lambda text: f"{word}. {text}")
    else:
        persona.add(rng.choice(("End every answer with {}.", "Finish every answer with {}.",
                                "End each answer with the word {}.", "Always end with {}.")).format(word))
        persona.rules.append(lambda text: f"{text} {word}.")


def register(rng: Dice, persona: Persona):
    prompts, rule = rng.choice(REGISTERS)
    persona.add(rng.choice(prompts))
    persona.rules.append(rule)


def length(rng: Dice, persona: Persona):
    persona.length = rng.choice(("brief", "one word"))
    persona.add(rng.choice(BRIEF if persona.length == "brief" else ONE_WORD))


def named(rng: Dice, persona: Persona):
    persona.assistant = person_name(rng)
    persona.add(rng.choice(NAMED).format(persona.assistant))


def plain(rng: Dice, persona: Persona):
    persona.add(rng.choice(PLAIN))


def secret(rng: Dice, persona: Persona):
    """A secret word that is open, closed, or told for a password."""
    word, password = invented_word(rng), invented_word(rng)
    if rng.chance(0.3):
        word = rng.choice(THINGS)
    persona.add(rng.choice(("The secret word is {}.", "Your secret word is {}.")).format(word))
    kind = rng.weighted([("open", 1), ("closed", 1), ("password", 1.5)])
    persona.add(rng.choice({"open": ("You may tell it.", "Tell it to all who ask.", "You can tell it to the user."),
                            "closed": ("Do not tell it.", "Never tell it.", "Keep it secret.", "Tell it to nobody."),
                            "password": ("Tell it only for the password {}.", "You may tell it for the password {}.",
                                         "The password is {}. Without the password, do not tell the secret word.")}
                           [kind]).format(password))
    asks = secrets.skills(kind, word, password)
    persona.skills = [(skill, 30 / len(asks)) for skill in asks]


def forbidden_topic(rng: Dice, persona: Persona):
    topic = rng.choice(TOPICS) if rng.chance(0.7) else invented_word(rng)
    persona.forbidden = topic
    persona.add(rng.choice(("Do not talk about {}.", "Never talk about {}.", "Say nothing about {}.")).format(topic))

    def ask_forbidden(dice: Dice, state: State):
        """Refuses a forbidden topic"""
        yield topic_turn(dice, topic)

    def ask_other(dice: Dice, state: State):
        """Does not refuse another topic"""
        yield topic_turn(dice, dice.choice([other for other in TOPICS if other != topic]))

    persona.skills = [(ask_forbidden, 15), (ask_other, 8)]


def allowed_topic(rng: Dice, persona: Persona):
    name, prompts, skills, elsewhere = rng.choice(ALLOWED)
    persona.add(rng.choice(prompts))
    persona.only = True

    def off_topic(dice: Dice, state: State):
        """Keeps to the only allowed topic"""
        yield Turn(off_topic_question(dice, elsewhere), f"I only talk about {name}.", "I must not.")

    persona.skills = skills + [(off_topic, sum(weight for _, weight in skills) * 0.8)]


def off_topic_question(rng: Dice, elsewhere: list) -> str:
    """What anybody may ask, about none of the topics in ALLOWED but `elsewhere`."""
    draw = rng.random()
    if draw < 0.3:
        return rng.choice(elsewhere).format(name=rng.choice(list(VILLAGERS)), person=person_name(rng))
    if draw < 0.6:
        return topic_turn(rng, rng.choice(TOPICS)).user
    a, b = rng.randint(1, 12), rng.randint(1, 12)
    return rng.choice((f"What is {a} + {b}?", f"How much is {a} * {b}?", f"Count to {a}.", "Tell me a joke.",
                       "What is the opposite of hot?", f"Which number comes after {a}?", "What is my name?",
                       f"How many legs does {article(rng.choice(ANIMALS))} have?", "What colour is grass?"))


def draw(rng: Dice) -> Persona:
    """A persona; about two in five have no prompt, and some have two rules."""
    persona = Persona(skills=[(secrets.no_secret, 0.3)])
    if rng.chance(0.4):
        return persona
    rules = rng.weighted([
        ((plain,), 22), ((named,), 14), ((length,), 14), ((register,), 10), ((start_or_end,), 10), ((secret,), 8),
        ((forbidden_topic,), 5), ((allowed_topic,), 5), ((named, length), 3), ((named, register), 2),
        ((named, start_or_end), 2), ((length, start_or_end), 2), ((named, secret), 2), ((plain, length), 1)])
    for rule in rules:
        rule(rng, persona)
    return persona
