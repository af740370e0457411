"""The training conversations: drawn from skills, personas and tools, rendered by the chat template, and encoded.

`conversations(seed, count)` is reproducible; how much of everything there is says a Mix (mixes.py). Text comes from
chat_template.jinja, set up as transformers does, so what the model is trained on is what a server gives it.
"""
import functools
import importlib
import json
import pathlib

import personas
from mixes import BROAD, Mix
from tool_calls import NO_TOOL, tool_conversation
from tool_schemas import IMPERATIVE, toolbox
from turns import Conversation, Dice, State, Turn
from world import casual

CONTEXT = 2048
PROMPT_WEIGHT = 0.1  # loss weight of what the assistant reads
EASY = "I can answer this directly."  # the reasoning about a question that needs none
TELLING = (("facts", "tell"), ("facts", "tell_several"), ("facts", "friend"), ("facts", "pet"), ("lists", "tell_list"))
BESIDE_TOOLS = ("facts", "people", "village", "numbers", "problems", "lists", "words")  # no talk of what it cannot do
CHARACTERS_PER_TOKEN, TOKENS_PER_MESSAGE = 2.9, 5  # only to plan lengths


def no_tools(rng: Dice, state: State):
    """Says that it has no tool"""
    while True:
        tool = toolbox(rng, 1)[0]
        text, _ = tool.fill(rng, rng.choice(tool.wordings))
        if IMPERATIVE.match(text):
            yield Turn(text, NO_TOOL, "No tool.", "There are no tools.")
            return


def module(name: str):
    return importlib.import_module(f"skills.{name}")


def practised(mix: Mix, name: str) -> list:
    """[(skill, weight)] of one module in a mix."""
    chosen = mix.skills.get(name)
    return module(name).SKILLS if chosen is None else [
        (getattr(module(name), skill), weight) for skill, weight in chosen.items()]


@functools.cache
def skill_table(mix: Mix, modules: tuple = ()):
    """The skills and their cumulative weights; each module has its share whatever its own weights add up to."""
    skills, weights, total = [], [], 0.0
    for name, share in mix.modules:
        if modules and name not in modules:
            continue
        inner = practised(mix, name)
        for skill, weight in inner:
            total += share * weight / sum(weight for _, weight in inner)
            skills.append(skill)
            weights.append(total)
    if not modules:
        skills.append(no_tools)
        weights.append(total + 1)
    return skills, weights


@functools.cache
def thoughtful_table(mix: Mix):
    """The skills of which some turn had a reasoning in a few trials."""
    rng, skills, weights, before, total = Dice(1), [], [], 0.0, 0.0
    for skill, weight in zip(*skill_table(mix)):
        if any(list(skill(rng, State()))[-1].think for _ in range(8)):
            total += weight - before
            skills.append(skill)
            weights.append(total)
        before = weight
    return skills, weights


class Speaker:
    """Draws skills for one conversation and keeps its state."""

    def __init__(self, rng: Dice, mix: Mix, persona, modules: tuple = ()):
        self.rng, self.mix, self.persona, self.modules = rng, mix, persona, modules
        self.state = State(persona.assistant)

    def skill(self):
        own = self.persona.skills
        if own and not self.modules and (self.persona.only or self.rng.chance(sum(weight for _, weight in own) / 100)):
            return self.rng.weighted(own)
        skills, weights = skill_table(self.mix, self.modules)
        return self.rng.choices(skills, cum_weights=weights)[0]

    def turns(self, skill=None) -> list:
        return list((skill or self.skill())(self.rng, self.state))

    def thoughtful_turns(self) -> list:
        """Turns whose last one has a reasoning, mostly."""
        skills, weights = thoughtful_table(self.mix)
        return self.turns(self.rng.choices(skills, cum_weights=weights)[0] if self.rng.chance(0.92) else None)

    def messages(self, turns) -> list:
        made = []
        for turn in turns:
            made.append({"role": "user", "content": casual(self.rng, turn.user)})
            made.append({"role": "assistant", "content": self.persona.say(turn)})
        return made


def ordinary_persona(rng: Dice, any_length: bool = True):
    """A persona without rules about what to talk about."""
    while True:
        persona = personas.draw(rng)
        if not persona.only and not persona.forbidden and (any_length or persona.length == "full"):
            return persona


def opening(persona) -> list:
    return [{"role": "system", "content": persona.prompt}] if persona.prompt else []


def chat(rng: Dice, mix: Mix) -> Conversation:
    speaker = Speaker(rng, mix, personas.draw(rng))
    messages = opening(speaker.persona)
    wanted = len(messages) + 2 * rng.choice((1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8))
    while len(messages) < wanted:
        messages += speaker.messages(speaker.turns())
    return Conversation(messages)


def planned_tokens(messages) -> float:
    return sum(len(message["content"]) / CHARACTERS_PER_TOKEN + TOKENS_PER_MESSAGE for message in messages)


def long_chat(rng: Dice, mix: Mix) -> Conversation:
    """Facts at the start, much else, and questions about the facts at the end."""
    speaker = Speaker(rng, mix, ordinary_persona(rng))
    messages = opening(speaker.persona)
    for _ in range(rng.choice((1, 1, 2))):
        name, skill = rng.choice(TELLING)
        messages += speaker.messages(speaker.turns(getattr(module(name), skill)))
    wanted = rng.uniform(1000, 1850)
    while planned_tokens(messages) < wanted:
        messages += speaker.messages(speaker.turns())
    for _ in range(rng.choice((1, 2, 3))):
        name, skill = rng.weighted([((name, skill), weight) for name, skill, weight in mix.recalling])
        messages += speaker.messages(speaker.turns(getattr(module(name), skill)))
    return Conversation(messages)


def thinking_chat(rng: Dice, mix: Mix) -> Conversation:
    speaker = Speaker(rng, mix, ordinary_persona(rng))
    messages = opening(speaker.persona)
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        messages += speaker.messages(speaker.turns())
    turns = speaker.thoughtful_turns()
    messages += speaker.messages(turns)
    messages[-1]["reasoning_content"] = turns[-1].think or EASY
    return Conversation(messages, thinking=True, learn="last")


def tools(rng: Dice, mix: Mix, thinking: bool = False, kind=None) -> Conversation:
    persona = ordinary_persona(rng, any_length=False) if rng.chance(0.4) else personas.Persona()
    speaker = Speaker(rng, mix, persona, BESIDE_TOOLS)

    def talk():
        while True:
            turns = [turn for turn in speaker.turns() if "I do not know" not in turn.answer]
            if turns:
                return turns
    return tool_conversation(rng, persona, talk, thinking, kind, mix.tool_kinds)


MAKERS = {"chat": chat, "long chat": long_chat, "thinking chat": thinking_chat, "tools": tools,
          "thinking tools": functools.partial(tools, thinking=True)}


def labelled(seed: int, count: int, held_out: bool = False, mix: Mix = BROAD):
    """Yields `count` pairs (kind, Conversation)."""
    rng = Dice(seed, held_out)
    for _ in range(count):
        kind = rng.weighted(mix.kinds)
        yield kind, MAKERS[kind](rng, mix)


def conversations(seed: int, count: int, held_out: bool = False, mix: Mix = BROAD):
    for _, conversation in labelled(seed, count, held_out, mix):
        yield conversation


@functools.cache
def template():
    """The compiled chat template."""
    import jinja2.ext  # only rendering needs it: the evaluation draws conversations without
    import jinja2.sandbox

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    environment.globals["raise_exception"] = raise_exception
    return environment.from_string((pathlib.Path(__file__).parent / "chat_template.jinja").read_text())


def render(conversation: Conversation, prompt_only: bool = False) -> str:
    """The text of a conversation, or of what a server gives the model before its last answer."""
    messages = conversation.messages[:-1] if prompt_only else conversation.messages
    return template().render(messages=messages, tools=conversation.tools or None, enable_thinking=conversation.thinking,
                             add_generation_prompt=prompt_only)


@functools.lru_cache(maxsize=4)
def marks(tokenizer):
    """Ids of <|im_start|>, <|im_end|>, the line feed after a role, and the first one of "assistant"."""
    head = tokenizer.encode("<|im_start|>assistant\n").ids
    return head[0], tokenizer.token_to_id("<|im_end|>"), head[-1], head[1]


def encode(tokenizer, conversation: Conversation):
    """ids and the loss weight of each id (of predicting it); cut before the first exchange that does not fit.

    A conversation of which nothing fits gives two empty lists.
    """
    ids = tokenizer.encode(render(conversation)).ids
    start, end, line, assistant = marks(tokenizer)
    starts = [at for at, token in enumerate(ids) if token == start] + [len(ids)]
    weights, fitting = [0.0] * len(ids), 0
    for first, after in zip(starts, starts[1:]):
        if after > CONTEXT:
            break
        said = ids[first + 1] == assistant
        if said and conversation.learn == "last" and after < len(ids):
            continue
        body, stop = ids.index(line, first) + 1, ids.index(end, first) + 1
        weights[body:stop] = [1.0 if said else PROMPT_WEIGHT] * (stop - body)
        if said:
            fitting = after
    return ids[:fitting], weights[:fitting]


if __name__ == "__main__":
    for kind, item in labelled(seed=7, count=12):
        print(f"--- {kind}\n{render(item)}")
