"""Tool definitions of great variety, and requests for them, so that the model reads schemas instead of knowing them.

Hand-written tools (tool_base.py) get other names, parameters and descriptions each time; more are made from a verb and
a noun. Held-out dice draw only nouns, or pairs of a verb and a noun, that no tool of a training conversation has.
"""
import dataclasses
import json
import re

import tool_base
from tool_values import KINDS, coined, described, spoken
from turns import Dice
from world import capital

VERBS = ("open close start stop find check count paint lock measure scan fold load lift wash pack sort test mark fill "
         "cut dry polish wrap stack tie shake push pull build bend cover").split()  # none that a tool_base tool shares
NOUNS = ("box shelf basket barrel wagon engine carpet mirror bottle crate fence ladder sail anchor net stove cart roof "
         "chimney bench statue lantern curtain drawer bicycle drone kennel hive well tent rope").split()
SLOTS = ("size weight colour name label speed height count depth owner target mark tag style side row title group "
         "city day time reason part number room level helper").split()
SLOT_KINDS = {"weight": "number", "colour": "colour", "name": "person", "owner": "person", "helper": "person",
              "city": "city", "height": "number", "count": "count", "depth": "count", "row": "count", "number": "count",
              "level": "level", "day": "day", "time": "time", "title": "title", "room": "room", "speed": "count"}
SYNONYMS = {"start": ("from", "origin", "source"), "end": ("to", "destination", "goal"), "first": ("a", "left", "one"),
            "second": ("b", "right", "two"), "people": ("guests", "persons", "group_size"),
            "on": ("state_on", "switch", "power"),
            "what": ("kind", "type", "category"), "unit": ("units", "target_unit"), "stars": ("rating", "score"),
            "hours": ("duration", "length"), "days": ("duration", "length"), "times": ("count", "repeat"),
            "copies": ("count", "number"), "volume": ("loudness", "level"), "speed": ("pace", "rate")}
IMPERATIVE = re.compile(r"(?!I |The |At |Is |No |Please |Can |Tell |Give |What|Where|When|How).*\.$")


@dataclasses.dataclass
class Param:
    slot: str  # its name in the wordings
    name: str
    schema: dict
    draw: object  # rng -> value, or (how it is said, value)
    required: bool

    def free_text(self) -> bool:
        return self.schema["type"] == "string" and "enum" not in self.schema

    def value(self, rng: Dice):
        drawn = self.draw(rng)
        said, value = drawn if isinstance(drawn, tuple) else (drawn, drawn)
        if self.schema["type"] == "string" and not isinstance(value, str):
            return str(value), str(value)
        return said, value


@dataclasses.dataclass
class Tool:
    topic: str
    name: str
    description: str
    params: list
    wordings: list
    fields: list  # [(name, kind, whether a list)] of the result; [] when it only does something
    extras: dict
    near_talk: bool = False  # whether the assistant also answers such a question without a tool

    def definition(self) -> dict:
        properties = {param.name: param.schema for param in self.params}
        parameters = {"type": "object", "properties": properties} | self.extras
        required = [param.name for param in self.params if param.required]
        if required:
            parameters["required"] = required
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        if not self.description:
            del function["description"]
        return {"type": "function", "function": function}

    def fill(self, rng: Dice, wording: str, given=None):
        """The user's words, and for each slot in them (how it is said, value); `given` fixes some slots."""
        params, given = {param.slot: param for param in self.params}, given or {}

        def keep(match):
            slots = re.findall(r"\{(\w+)\}", match[1])
            wanted = all(slot in params for slot in slots) and (given.keys() & set(slots) or rng.chance(0.5))
            return match[1] if wanted else ""
        text = re.sub(r"\[(.*?)\]", keep, wording)
        values = {slot: given.get(slot) or params[slot].value(rng) for slot in re.findall(r"\{(\w+)\}", text)}
        return text.format(**{slot: said for slot, (said, _) in values.items()}), values

    def arguments(self, values: dict) -> dict:
        return {param.name: values[param.slot][1] for param in self.params if param.slot in values}

    def result(self, rng: Dice):
        """Content of a tool message (JSON or a sentence) and the answer that tells it, without an end."""
        if not self.fields:
            content = rng.choice(('{"status": "done"}', '{"status": "ok"}', '{"ok": true}', "done", "ok", "Done."))
            return content, "Done."
        found = {}
        for name, kind, many in self.fields:
            values = [KINDS[kind].draw(rng) for _ in range(rng.randint(1, 3) if many else 1)]
            values = [value[1] if isinstance(value, tuple) else value for value in values]
            found[name] = values if many else values[0]
        parts = [f"the {words_of(name)} {'are' if isinstance(value, list) else 'is'} {described(value)}"
                 for name, value in found.items()]
        told = capital(" and ".join(parts) if len(parts) < 3 else ", ".join(parts[:-1]) + " and " + parts[-1]) + "."
        return (json.dumps(found) if rng.chance(0.8) else told), told


def words_of(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", name).lower()


def styled(rng: Dice, words: list) -> str:
    draw = rng.random()
    if draw < 0.62:
        return "_".join(words)
    if draw < 0.87:
        return words[0] + "".join(word.capitalize() for word in words[1:])
    return "-".join(words) if draw < 0.93 else "".join(word.capitalize() for word in words)


def tool_name(rng: Dice, verb: str, noun: str, taken) -> str:
    """A name that no other tool of the conversation has."""
    words, draw = [verb, *noun.split("_")], rng.random()
    if draw < 0.05 and not rng.held_out:  # a noun alone may be a training tool's name
        words = noun.split("_")
    elif draw < 0.1:
        words = [*noun.split("_"), verb]
    while True:
        draw, more = rng.random(), words
        if draw < 0.1:
            more = rng.choice((["my"], ["home"], ["do"], ["the"], [coined(rng)])) + words
        elif draw < 0.25:
            more = words + rng.choice((["tool"], ["now"], ["service"], ["api"], [coined(rng)]))
        name = styled(rng, more)
        if name not in taken:
            return name


def param_name(rng: Dice, slot: str, kind: str, taken) -> str:
    draw, others = rng.random(), SYNONYMS.get(slot, ())
    if kind in KINDS and (slot == kind or slot in KINDS[kind].names):
        others = KINDS[kind].names
    if draw < 0.25 and others:
        slot = rng.choice(others)
    elif draw > 0.97:
        slot = coined(rng)
    elif draw > 0.88:
        slot = styled(rng, rng.choice(([slot, "value"], ["the", slot], ["my", slot], [slot, coined(rng)])))
    return slot if slot not in taken else param_name(rng, slot, "", taken | {slot}) if rng.chance(0.5) else coined(rng)


def param(rng: Dice, spec: str, taken) -> Param:
    """From `name:kind`, `name:enum(a/b)` or `name:bool(true words/false words)`, with `?` when not required."""
    slot, _, kind = spec.removesuffix("?").partition(":")
    options = kind[kind.find("(") + 1:-1].split("/") if "(" in kind else []
    name = param_name(rng, slot, kind, taken)
    schema = {"type": "string"}
    if kind.startswith("enum"):
        options = [int(option) for option in options] if options[0].isdigit() else options
        rng.shuffle(options)
        schema = {"type": "integer" if isinstance(options[0], int) else "string", "enum": options}
        draw = lambda dice: (lambda option: (str(option), option))(dice.choice(options))
    elif kind.startswith("bool"):
        schema = {"type": "boolean"}
        draw = lambda dice: dice.choice(((options[0], True), (options[1], False)))
    else:
        draw = KINDS[kind].draw
        schema["type"] = KINDS[kind].type if rng.chance(0.96) else "string"
    if kind in KINDS and rng.chance(0.08):
        schema["description"] = f"The {slot}, for example {spoken(rng, kind)}."
    elif slot not in words_of(name) and name not in KINDS.get(kind, KINDS["city"]).names or rng.chance(0.4):
        schema["description"] = rng.choice(("The {}.", "The {}.", "the {}", "{}")).format(slot)
        if kind.startswith("bool"):
            schema["description"] = f"Whether {options[0]}."
    return Param(slot, name, schema, draw, not spec.endswith("?"))


def params(rng: Dice, specs: list) -> list:
    found = []
    for spec in specs:
        if not spec.endswith("?") or rng.chance(0.65):
            found.append(param(rng, spec, {other.name for other in found}))
    rng.shuffle(found)
    return found


def description_of(rng: Dice, text: str, needed: bool) -> str:
    draw = rng.random()
    if draw < 0.15:
        return text[:-1]
    if draw < 0.3:
        return f"Use this to {text[0].lower()}{text[1:]}"
    return "" if draw > 0.93 and not needed else text


def extras(rng: Dice) -> dict:
    return {"additionalProperties": False} if rng.chance(0.08) else {}


def base_tool(rng: Dice, base, taken) -> Tool:
    verbs, noun, text, specs, wordings, fields = base
    name = tool_name(rng, rng.choice(verbs.split("/")), noun, taken)
    needed = noun.split("_")[0] not in words_of(name)
    fields = [(part.split(":")[0], part.split(":")[1].rstrip("*"), part.endswith("*")) for part in fields.split()]
    return Tool(text, name, description_of(rng, text, needed), params(rng, split_specs(specs)),
                wordings.split("|"), fields, extras(rng), noun in tool_base.NEAR_TALK)


def split_specs(specs: str) -> list:
    return re.findall(r"\w+:\w+(?:\([^)]*\))?\??", specs)


def verb_and_noun(rng: Dice, other=None):
    """Two words that stand together on this side of the split only; one of them may be that of another tool."""
    while True:
        verb, noun = rng.choice(VERBS), coined(rng) if rng.chance(0.12) else rng.choice(NOUNS)
        if other:
            verb, noun = (other[0], noun) if rng.chance(0.5) else (verb, other[1])
        if rng.allows(f"{verb} {noun}"):
            return verb, noun


def made_tool(rng: Dice, taken, like=None) -> Tool:
    """A tool of a verb and a noun; `like` another made one shares its verb or its noun."""
    verb, noun = verb_and_noun(rng, like.topic.split(" ")[1:] if like and like.topic.startswith("made ") else None)
    specs, phrases = [], []
    for slot in rng.sample(SLOTS, rng.choice((0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4))):
        draw = rng.random()
        slot, listed = (coined(rng), False) if draw < 0.08 else (slot, True)
        kind = SLOT_KINDS.get(slot) if listed else None
        kind = kind or rng.choice(("label", "word", "count", "code", "thing", "enum", "bool", "person"))
        phrase = f"with the {slot} {{{slot}}}" if rng.chance(0.7) else f"with {slot} {{{slot}}}"
        if kind == "enum":
            kind = f"enum({'/'.join(rng.sample(('small', 'large', 'round', 'flat', 'soft', 'hard', coined(rng)), 3))})"
        elif kind == "bool":
            kind, phrase = f"bool(with {slot}/without {slot})", f"{{{slot}}}"
        optional = rng.chance(0.3) and bool(specs)
        specs.append(f"{slot}:{kind}{'?' if optional else ''}")
        phrases.append(f"[, {phrase}]" if optional else f", {phrase}" if phrases else f" {phrase}")
    thing = f"{rng.choice(('the', 'the', 'my'))} {noun}"
    body = f"{verb} {thing}{''.join(phrases)}"
    wordings = [f"{capital(body)}.", f"Can you {body}?", f"I want to {body}."]
    name = tool_name(rng, verb, noun, taken)
    needed = verb not in words_of(name) or noun not in words_of(name)
    text = f"{capital(verb)} {rng.choice(('a', 'the'))} {noun}."
    fields = [made_field(rng, slot) for slot in rng.sample(SLOTS, rng.choice((0, 0, 1, 1, 2, 3)))]
    found = params(rng, specs)
    return Tool(f"made {verb} {noun}", name, description_of(rng, text, needed), found, wordings, fields, extras(rng))


def made_field(rng: Dice, slot: str):
    """A field of a result; some have names of two words or invented ones."""
    draw, kind = rng.random(), SLOT_KINDS.get(slot, rng.choice(("label", "word", "code", "thing", "state")))
    if draw < 0.2:
        return coined(rng), kind, False
    return (styled(rng, [rng.choice(SLOTS), slot]) if draw < 0.4 else slot), kind, rng.chance(0.05)


def toolbox(rng: Dice, count: int, beside_talk: bool = False) -> list:
    """`count` different tools; `beside_talk` leaves out tools for what the assistant also answers by itself."""
    tools = []
    while len(tools) < count:
        taken = {tool.name for tool in tools}
        if rng.chance(0.45):
            tool = made_tool(rng, taken, tools[-1] if tools and rng.chance(0.15) else None)
        else:
            base = rng.choice(tool_base.TOOLS)
            if (base[1] in tool_base.HELD_OUT) != rng.held_out or beside_talk and base[1] in tool_base.NEAR_TALK:
                continue
            tool = base_tool(rng, base, taken)
        if tool.topic not in {other.topic for other in tools}:
            tools.append(tool)
    rng.shuffle(tools)
    return tools
