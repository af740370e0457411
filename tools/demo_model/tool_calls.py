"""Conversations with tools: calls, results, values from earlier turns, and turns in which no tool fits.

Each function of CONVERSATIONS fills a ToolChat; its last assistant message is the one that the evaluation judges.
"""
import json
import re

from tool_schemas import IMPERATIVE, toolbox, words_of
from tool_values import coined, spoken
from turns import Conversation, Dice, Turn
from world import casual

NO_TOOL = "I have no tool for that."
NOT_NEEDED = "No tool is needed."
PROBLEMS = ("not found", "no answer", "the line is busy", "no such name", "out of order", "no connection",
            "try again later", "{} not found", "no {}", "unknown {}", "the {} is busy")
NO_NOUNS = ("when", "where", "who", "what", "how_many", "at", "to", "from", "x", "a", "b", "one", "two")
LONG_TEXTS = ("text", "task")  # slots whose values are whole sentences
REMEMBERED = ("city", "person", "colour", "room", "time", "day", "title", "code")
LAST_PART = (r" (?:in|to|for|of|at|from|on|with)(?: the)? \{%s\}(?: people| minutes| degrees| percent| times)?"
             r"(?=[.?,\[]|$)")


class ToolChat:
    """A conversation that grows; `talk()` gives the turns of an ordinary skill."""

    def __init__(self, rng: Dice, persona, talk, thinking: bool):
        self.rng, self.persona, self.talk, self.thinking = rng, persona, talk, thinking
        self.tools = toolbox(rng, rng.choice((1, 1, 2, 2, 3, 3, 4)), beside_talk=rng.chance(0.8))
        self.messages = [{"role": "system", "content": persona.prompt}] if persona.prompt else []

    def choose(self, options_of):
        """One of the options (tool, ...) that the tools give; other tools are drawn while they give none."""
        for _ in range(30):
            options = [option for tool in self.tools for option in options_of(tool)]
            if options:
                return self.rng.choice(options)
            self.tools = toolbox(self.rng, len(self.tools), beside_talk=True)
        return None

    def user(self, text: str):
        self.messages.append({"role": "user", "content": casual(self.rng, text)})

    def answer(self, text: str, think: str, short: str = ""):
        text = self.persona.say(Turn("", text, short))
        self.messages.append({"role": "assistant", "content": text, "reasoning_content": think})

    def turn(self) -> bool:
        """The turns of an ordinary skill, answered without a tool; none if a tool could be taken for it."""
        if any(tool.near_talk for tool in self.tools):
            return False
        for turn in self.talk():
            self.user(turn.user)
            self.messages.append({"role": "assistant", "content": self.persona.say(turn),
                                  "reasoning_content": f"{NOT_NEEDED} {turn.think}".strip()})
        return True

    def call(self, *requests):
        """The assistant calls the tools of [(tool, values)]."""
        calls, think = [], []
        for tool, values in requests:
            arguments = tool.arguments(values)
            calls.append({"id": f"call_{len(self.messages)}_{len(calls)}", "type": "function",
                          "function": {"name": tool.name, "arguments": arguments}})
            told = ", ".join(f"{name} is {json.dumps(value)}" for name, value in arguments.items())
            think.append(f"{tool.name} fits: {told}." if told else f"{tool.name} fits.")
        self.messages.append({"role": "assistant", "content": None, "tool_calls": calls,
                              "reasoning_content": " ".join(think)})

    def results(self, *requests, labels=()):
        """The tools of the last message answer, and the assistant tells what they found."""
        told, ids = [], [call["id"] for call in self.messages[-1]["tool_calls"]]
        for at, (tool, _) in enumerate(requests):
            content, found = tool.result(self.rng)
            if len(requests) == 1 and self.rng.chance(0.1):
                problem = self.rng.choice(PROBLEMS)
                problem = problem.format(coined(self.rng))
                content = self.rng.choice((json.dumps({"error": problem}), f"Error: {problem}"))
                found = f"That did not work: {problem}."
            if labels and tool.fields:
                found = f"For {labels[at]}, {found[0].lower()}{found[1:]}"
            self.messages.append({"role": "tool", "tool_call_id": ids[at], "content": content})
            told.append(found)
        text = " ".join(told) if tool_fields(requests) else told[0]
        self.answer(text, "The tool has answered." if len(requests) == 1 else "The tools have answered.")

    def request(self, tool=None, given=None):
        """A tool, what the user asks, and the values in it."""
        tool = tool or self.rng.choice(self.tools)
        text, values = tool.fill(self.rng, self.rng.choice(tool.wordings), given)
        return tool, self.polite(text), values

    def polite(self, text: str) -> str:
        if not IMPERATIVE.match(text) or self.rng.chance(0.6):
            return text
        inner = text[0].lower() + text[1:-1]
        return self.rng.choice((f"Please {inner}.", f"Can you {inner}?", f"{text[:-1]}, please.", f"Could you {inner}?",
                                f"I want you to {inner}."))

    def finish(self) -> Conversation:
        last_user = max(at for at, message in enumerate(self.messages) if message["role"] == "user")
        for at, message in enumerate(self.messages):
            if at < last_user or not self.thinking:
                message.pop("reasoning_content", None)
        return Conversation(self.messages, [tool.definition() for tool in self.tools], self.thinking,
                            "last" if self.thinking else "all")


def tool_fields(requests) -> bool:
    """Whether any of the tools returns more than that it is done."""
    return any(tool.fields for tool, _ in requests)


def one_call(chat: ToolChat):
    """Calls the tool that fits"""
    tool, text, values = chat.request()
    chat.user(text)
    chat.call((tool, values))


def tool_result(chat: ToolChat):
    """Tells the result of a tool"""
    tool, text, values = chat.request()
    chat.user(text)
    chat.call((tool, values))
    chat.results((tool, values))


def several_values(chat: ToolChat):
    """Calls one tool for two values"""
    rng = chat.rng
    chosen = chat.choose(lambda tool: [
        (tool, param, wording) for param in tool.params for wording in tool.wordings if f"{{{param.slot}}}" in wording
        and param.required and param.free_text() and param.slot not in LONG_TEXTS])
    if not chosen:
        return one_call(chat)
    tool, param, wording = chosen
    first, second = param.value(rng), param.value(rng)
    while first == second:
        second = param.value(rng)
    word = re.search(rf"(?:in|to|for|of) (?=\{{{param.slot}\}})", wording)
    both = f"{first[0]} and {word[0] if word and rng.chance(0.5) else ''}{second[0]}"
    text, values = tool.fill(rng, wording, {param.slot: (both, None)})
    requests = [(tool, values | {param.slot: value}) for value in (first, second)]
    chat.user(chat.polite(text))
    chat.call(*requests)
    if rng.chance(0.4):
        chat.results(*requests, labels=(first[0], second[0]))


def two_tools(chat: ToolChat):
    """Calls two tools at once"""
    if len(chat.tools) < 2:
        chat.tools = toolbox(chat.rng, 2, beside_talk=True)
    one, two = chat.rng.sample(chat.tools, 2)
    (_, first, given), (_, second, others) = chat.request(one), chat.request(two)
    second = second if second.startswith("I ") else second[0].lower() + second[1:]
    chat.user(f"{first[:-1]}, and {second}" if chat.rng.chance(0.6) else f"{first} And {second}")
    chat.call((one, given), (two, others))
    if chat.rng.chance(0.4):
        chat.results((one, given), (two, others))


def several_rounds(chat: ToolChat):
    """Calls tools again and again"""
    for _ in range(chat.rng.randint(2, 4)):
        chat.rng.choice((tool_result, tool_result, tool_result, no_tool_needed, no_tool_fits))(chat)
    one_call(chat)


def next_value(chat: ToolChat):
    """Calls again for another value"""
    rng = chat.rng
    tool = chat.choose(lambda tool: [tool] if any(param.required for param in tool.params) else [])
    tool, text, values = chat.request(tool)
    chat.user(text)
    chat.call((tool, values))
    chat.results((tool, values))
    slots = [param for param in tool.params if param.slot in values and param.required and "enum" not in param.schema
             and param.schema["type"] != "boolean"]
    if slots:
        param = rng.choice(slots)
        said, value = param.value(rng)
        chat.user(rng.choice((f"And with the {param.slot} {said}?", f"Now with the {param.slot} {said}.",
                              f"The same with the {param.slot} {said}.")))
        values = values | {param.slot: (said, value)}
        chat.call((tool, values))


def earlier_value(chat: ToolChat):
    """Takes a value from an earlier turn"""
    rng = chat.rng
    chosen = chat.choose(lambda tool: [
        (tool, param) for param in tool.params if param.required and param.free_text() and param.slot in REMEMBERED
        and all(f"{{{param.slot}}}" in wording for wording in tool.wordings)])
    if not chosen:
        return one_call(chat)
    tool, param = chosen
    said, value = param.value(rng)
    told = [(param.slot, said)]
    if rng.chance(0.5):
        other = rng.choice([slot for slot in REMEMBERED if slot != param.slot])
        told.append((other, spoken(rng, other)))
    rng.shuffle(told)
    for slot, words in told:
        chat.user(rng.choice(("Remember the {} {}.", "The {} is {}. Remember it.", "Remember that the {} is {}.",
                              "Keep in mind that the {} is {}.")).format(slot, words))
        chat.answer(f"I will remember: the {slot} is {words}.", NOT_NEEDED)
        for _ in range(rng.choice((0, 0, 1, 2))):
            chat.turn()
    wording = rng.choice(tool.wordings).replace(f"the {{{param.slot}}}", f"{{{param.slot}}}")
    phrase = rng.choice((f"the {param.slot} I told you", f"the {param.slot} from before", f"that {param.slot}",
                         f"the {param.slot} I told you about"))
    wording = re.sub(rf"{param.slot} (?=\{{{param.slot}\}})", "", wording)
    text, values = tool.fill(rng, re.sub(r"\bwith the (?=\{)", "with ", wording), {param.slot: (phrase, value)})
    chat.user(chat.polite(text))
    chat.call((tool, values))


def missing_value(chat: ToolChat):
    """Asks for a value that is missing"""
    if not ask_missing(chat):
        one_call(chat)


def missing_value_given(chat: ToolChat):
    """Calls when the missing value comes"""
    asked = ask_missing(chat)
    if not asked:
        return one_call(chat)
    tool, param, values = asked
    said, value = param.value(chat.rng)
    words = called(param)
    chat.user(chat.rng.choice((said, f"The {words}: {said}.", f"{said}, please.")))
    chat.call((tool, values | {param.slot: (said, value)}))


def called(param) -> str:
    return re.sub("^(the|my) ", "", words_of(param.name))


def ask_missing(chat: ToolChat):
    """The user leaves out one required value: (tool, param, the other values), or None if no wording allows it."""
    chosen = chat.choose(without_value)
    if not chosen:
        return None
    tool, param, wording = chosen
    text, values = tool.fill(chat.rng, re.sub(r"(\w+ (?:the|my) \w+),", r"\1", wording, count=1))
    chat.user(chat.polite(text))
    chat.answer(f"Please tell me the {called(param)}.", f"{tool.name} fits, but there is no {param.name}.")
    return tool, param, values


def without_value(tool) -> list:
    """(tool, param, wording without it) for the required parameters that can be left out of a wording."""
    options = []
    for param in tool.params:
        for wording in tool.wordings:
            cut = re.sub(rf",? with (?:the )?{param.slot} \{{{param.slot}\}}", "", wording)
            cut = cut if cut != wording else re.sub(LAST_PART % param.slot, "", wording)
            if not param.required or param.schema["type"] == "boolean" or param.name in NO_NOUNS:
                continue
            if cut != wording and f"{{{param.slot}}}" not in cut:
                options.append((tool, param, cut))
    return options


def no_tool_needed(chat: ToolChat):
    """Answers itself when no tool fits"""
    if not chat.turn():
        no_tool_fits(chat)


def no_tool_fits(chat: ToolChat):
    """Says that it has no such tool"""
    topics = {tool.topic for tool in chat.tools}
    while True:
        other = toolbox(chat.rng, 1, beside_talk=True)[0]
        nouns = {topic.split(" ")[-1].strip(".") for topic in topics}
        if other.topic not in topics and other.topic.split(" ")[-1].strip(".") not in nouns:
            break
    chat.user(chat.request(other)[1])
    chat.answer(NO_TOOL, "No tool fits.")


CONVERSATIONS = [(one_call, 16), (tool_result, 14), (several_values, 8), (two_tools, 7), (several_rounds, 8),
                 (next_value, 7), (earlier_value, 9), (missing_value, 4), (missing_value_given, 4),
                 (no_tool_needed, 14), (no_tool_fits, 7)]


def tool_conversation(rng: Dice, persona, talk, thinking: bool, kind=None, weights=None) -> Conversation:
    """One of CONVERSATIONS (`weights`: other ones, by name), sometimes after an ordinary turn."""
    chat = ToolChat(rng, persona, talk, thinking)
    for _ in range(rng.choice((0, 0, 0, 0, 1, 2))):
        chat.turn()
    (kind or rng.weighted([(one, weights[one.__name__] if weights else weight) for one, weight in CONVERSATIONS]))(chat)
    return chat.finish()
