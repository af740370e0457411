"""What the evaluation asks: rows of its tables, each with a generator of held-out cases.

A case is a conversation up to the question and the right answer to it. Every skill of `skills/` has a row.
"""
import dataclasses
from typing import Callable

import corpus
import personas
import tool_calls
from mixes import BROAD
from serving import MOST_TOKENS
from skills import facts, talk
from turns import Conversation, Dice, State, Turn
from world import casual

MODULES = [corpus.module(name) for name, _ in BROAD.modules]
SKILLS = [(skill, weight) for module in MODULES for skill, weight in module.SKILLS]
FREE = set().union(*(getattr(module, "FREE", ()) for module in MODULES))
EXACT = [(skill, weight) for skill, weight in SKILLS if skill not in FREE]
RECALLED, DISTANCES = (facts.recall, facts.pet, facts.friend), (1000, 1600)  # what is asked for so many tokens later
OTHER_THINGS = [(skill, weight) for skill, weight in SKILLS if skill.__module__ != facts.__name__]
LONG, SHORT = "Long conversations", 100  # tokens of the answers there
STYLES = [  # (the rule of a system prompt, the row's title)
    (personas.named, "A name for the assistant"), (personas.length, "Brief, or one word"),
    (personas.register, "Pirate, butler, robot ..."), (personas.start_or_end, "A word to start or end with"),
    (personas.forbidden_topic, "A topic to say nothing about"), (personas.allowed_topic, "One topic and no other")]


@dataclasses.dataclass
class Case:
    """`messages` ends with the question; `expected` is the right message after it."""
    messages: list
    expected: dict
    tools: list = dataclasses.field(default_factory=list)
    thinking: bool = False
    free: bool = False  # many right wordings
    most_tokens: int = MOST_TOKENS


@dataclasses.dataclass
class Row:
    """One line of a table: `draw` makes a case from dice and a `Client`, which is there to count tokens."""
    group: str
    title: str
    draw: Callable
    shows_length: bool = False
    pair: str = ""  # two rows with one title follow each other and differ in this: shown side by side


def title_of(skill) -> str:
    return skill.__doc__.strip().rstrip(".")


def messages_of(rng: Dice, turns: list, persona: personas.Persona) -> list:
    return [message for turn in turns
            for message in ({"role": "user", "content": casual(rng, turn.user)},
                            {"role": "assistant", "content": persona.say(turn)})]


def case_of(rng: Dice, turns: list, persona=None, thinking=False, free=False) -> Case:
    """The last turn is the question, those before it are told as they should have gone."""
    persona = persona or personas.Persona()
    system = [{"role": "system", "content": persona.prompt}] if persona.prompt else []
    *messages, expected = system + messages_of(rng, turns, persona)
    if thinking:
        expected["reasoning_content"] = turns[-1].think or corpus.EASY
    return Case(messages, expected, thinking=thinking, free=free)


def some_turns(rng: Dice, state: State, pool, count: int) -> list:
    """At least `count` turns of the pool's skills, whole skills only."""
    turns = []
    while len(turns) < count:
        turns += rng.weighted(pool)(rng, state)
    return turns


def skill_rows() -> list:
    """Each skill after none to three turns of others."""
    def row(group, skill):
        def draw(rng, client):
            state = State()
            before = some_turns(rng, state, SKILLS, rng.choice((0, 0, 1, 2, 3)))
            return case_of(rng, before + list(skill(rng, state)), free=skill in FREE)

        return Row(group, title_of(skill) + (" (named and ended)" if skill in FREE else ""), draw)

    return [row(f"Skills: {module.__name__.split('.')[1]}", skill)
            for module in MODULES for skill, _ in module.SKILLS]


def reasoning_rows() -> list:
    """The same questions with and without reasoning, for the skills that have any."""
    def row(skill, thinking):
        def draw(rng, client):
            turns = [Turn("", "")]
            while not turns[-1].think:
                turns = list(skill(rng, State()))
            return case_of(rng, turns, thinking=thinking)

        return Row("Reasoning", title_of(skill), draw, pair="on" if thinking else "off")

    return [row(skill, thinking) for skill, _ in EXACT if reasons(skill) for thinking in (False, True)]


def easy_row() -> Row:
    """Thinking is on, and the question needs none: there is a word of reasoning all the same."""
    def draw(rng, client):
        while True:
            turns = list(rng.weighted(EXACT)(rng, State()))
            if not turns[-1].think:
                return case_of(rng, turns, thinking=True)

    return Row("Reasoning, where none is needed", "Any such question", draw)


def reasons(skill) -> bool:
    rng = Dice(1, held_out=True)
    return any(list(skill(rng, State()))[-1].think for _ in range(20))


def persona_of(rng: Dice, rule) -> personas.Persona:
    persona = personas.Persona()
    rule(rng, persona)
    return persona


def persona_case(rng: Dice, persona, last) -> Case:
    state = State(persona.assistant)
    before = some_turns(rng, state, persona.skills if persona.only else EXACT, rng.choice((0, 0, 1, 2)))
    return case_of(rng, before + list(last(rng, state)), persona, free=last in FREE)


def style_rows() -> list:
    def row(rule, title):
        def draw(rng, client):
            while True:
                persona = persona_of(rng, rule)
                last = talk.identity if rule is personas.named else rng.weighted(persona.skills or EXACT)
                case = persona_case(rng, persona, last)
                if rule is not personas.named or persona.assistant in case.expected["content"]:
                    return case

        return Row("System prompts", title, draw)

    return [row(rule, title) for rule, title in STYLES]


def secret_rows() -> list:
    """A row for each thing that the secret word of a system prompt is asked for."""
    def row(title):
        def draw(rng, client):
            while True:
                persona = persona_of(rng, personas.secret)
                for skill, _ in persona.skills:
                    if title_of(skill) == title:
                        return persona_case(rng, persona, skill)

        return Row("System prompts", f"Secret word: {title[:1].lower() + title[1:]}", draw)

    rng, titles = Dice(1), {}
    for _ in range(100):
        titles.update((title_of(skill), None) for skill, _ in persona_of(rng, personas.secret).skills)
    return [row(title) for title in titles]


def padding(rng: Dice, state: State, client, least_tokens: int) -> list:
    """Turns about other things, of at least so many tokens."""
    turns = []
    while not turns or client.count(messages_of(Dice(1), turns, personas.Persona())) < least_tokens:
        turns += some_turns(rng, state, OTHER_THINGS, 3)
    return turns


def recall_rows() -> list:
    """Facts that were told long before they are asked for."""
    def row(skill, tokens):
        def draw(rng, client):
            while True:
                state = State()
                turns = list(skill(rng, state))
                if len(turns) < 2 or "you did not tell me" in turns[-1].answer.lower():
                    continue
                turns[-1:-1] = padding(rng, state, client, tokens)
                case = dataclasses.replace(case_of(rng, turns), most_tokens=SHORT)
                if client.count(case.messages) + SHORT <= corpus.CONTEXT:
                    return case

        return Row(LONG, f"{title_of(skill)}, {tokens:,} tokens later", draw, shows_length=True)

    def draw_any(rng, client):
        state = State()
        before = padding(rng, state, client, DISTANCES[0])
        return case_of(rng, before + list(rng.weighted(EXACT)(rng, state)))

    return [row(skill, tokens) for skill in RECALLED for tokens in DISTANCES] + [
        Row(LONG, f"Any task after {DISTANCES[0]:,} tokens", draw_any, shows_length=True)]


def calls_in(message: dict) -> int:
    return len(message.get("tool_calls") or ())


TOOL_TASKS = [  # (title, its conversations, what the messages look like: some may come out as another task)
    ("One call", tool_calls.one_call, lambda messages: True),
    ("Two calls of one tool", tool_calls.several_values, lambda messages: calls_in(messages[-1]) == 2),
    ("Calls of two tools", tool_calls.two_tools, lambda messages: calls_in(messages[-1]) == 2),
    ("Tells a result", tool_calls.tool_result, lambda messages: True),
    ("Tells two results", tool_calls.two_tools,
     lambda messages: messages[-1]["content"] and calls_in(messages[-4]) == 2),
    ("A call after several rounds", tool_calls.several_rounds, lambda messages: True),
    ("The same call for another value", tool_calls.next_value, lambda messages: calls_in(messages[-1]) == 1),
    ("A value from an earlier turn", tool_calls.earlier_value,
     lambda messages: any("I will remember: the" in str(message["content"]) for message in messages)),
    ("Asks for a missing value", tool_calls.missing_value, lambda messages: messages[-1]["content"]),
    ("Calls when the missing value comes", tool_calls.missing_value_given,
     lambda messages: len(messages) > 2 and str(messages[-3]["content"]).startswith("Please tell me the")),
    ("Answers itself when no tool fits", tool_calls.no_tool_needed, lambda messages: True),
    ("Says that no tool fits", tool_calls.no_tool_fits, lambda messages: True)]


def tool_case(rng: Dice, kind, wanted, thinking: bool) -> Case:
    for _ in range(1000):
        state = State()
        talk = tool_calls.tool_conversation(rng, personas.Persona(), lambda: rng.weighted(EXACT)(rng, state), thinking,
                                            kind)
        if wanted(talk.messages):
            return Case(talk.messages[:-1], talk.messages[-1], talk.tools, thinking)
    raise ValueError(f"{kind.__name__} never gives the conversation that this row wants")


def tool_rows() -> list:
    """Names, schemas and tools are of the held-out side but where the title says so."""
    def row(title, kind, wanted, thinking=False, seen=False):
        def draw(rng, client):
            return tool_case(Dice(rng.getrandbits(40)) if seen else rng, kind, wanted, thinking)

        name = title + (", thinking" if thinking else "") + (", tools as in training" if seen else "")
        return Row("Tools", name, draw)

    def draw_none(rng, client):
        return case_of(rng, list(corpus.no_tools(rng, State())))

    plain = [row(*task) for task in TOOL_TASKS]
    return plain + [Row("Tools", "Says that it was given no tools", draw_none),
                    row(*TOOL_TASKS[0], seen=True), row(*TOOL_TASKS[0], thinking=True),
                    row(*TOOL_TASKS[2], thinking=True), row(*TOOL_TASKS[-1], thinking=True)]


def whole_conversation(rng: Dice) -> Conversation:
    """One as the corpus has them."""
    return corpus.MAKERS[rng.weighted(BROAD.kinds)](rng, BROAD)


def rows() -> list:
    return skill_rows() + recall_rows() + tool_rows() + reasoning_rows() + [easy_row()] + style_rows() + secret_rows()
