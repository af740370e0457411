"""What the corpus is made of: seeded dice, turns, the state of a conversation, and conversations.

Every random choice goes through `Dice`. Invented names and words fall by their checksum into a training
half and a held-out part, so that the evaluation can ask about names that no training text holds.
"""
import dataclasses
import random
import zlib

HELD_OUT_PART = 10  # one invented word in ten is held out


class Dice(random.Random):
    """A seeded generator that knows whether it draws for training or for the held-out evaluation."""

    def __init__(self, seed: int, held_out: bool = False):
        super().__init__(seed)
        self.held_out = held_out

    def allows(self, word: str) -> bool:
        """Whether an invented word belongs to this side of the split (case does not matter)."""
        return (zlib.crc32(word.lower().encode()) % HELD_OUT_PART == 0) == self.held_out

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def weighted(self, pairs):
        """One item of [(item, weight), ...]."""
        return self.choices([item for item, _ in pairs], [weight for _, weight in pairs])[0]


@dataclasses.dataclass
class Turn:
    """One question and its one right answer."""
    user: str
    answer: str
    short: str = ""  # the answer when a rule asks for brevity; "" means the same as `answer`
    think: str = ""  # the reasoning before the answer when thinking is on; "" means that there is none


def verdict(question: str, told: str, yes: bool, think: str = "") -> Turn:
    """A yes-or-no question. The answer says first what is so, and then yes or no, which follows from the words before."""
    return Turn(question, f"{told[:-1]}, so {'yes' if yes else 'no'}.", "Yes." if yes else "No.", think)


@dataclasses.dataclass
class State:
    """What the conversation so far has said that later turns may ask about."""
    assistant: str = "Quire"
    facts: dict = dataclasses.field(default_factory=dict)  # kind of fact -> its value
    memory: dict = dataclasses.field(default_factory=dict)  # whatever else a skill keeps, by the skill's name


@dataclasses.dataclass
class Conversation:
    """What the chat template is given. Messages are those of the OpenAI API; the last one is the assistant's."""
    messages: list
    tools: list = dataclasses.field(default_factory=list)
    thinking: bool = False
    learn: str = "all"  # which assistant messages are trained: "all", or "last"
