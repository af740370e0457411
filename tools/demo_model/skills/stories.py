"""Short stories about given characters and things, and questions about what happened in them.

Every plot says where the hero went and whom the hero met; every answer repeats a sentence of the story.
"""
from skills import talk
from turns import Dice, State, Turn
from world import ANIMALS, COLOURS, PLACES, THINGS, VILLAGERS, article, capital, person_name, pronouns

FEELINGS = ("happy", "proud", "glad", "tired but happy", "very glad", "full of joy")
KINDS_OF_HELPER = ("kind", "old", "small", "clever", "friendly", "funny")
HIDING_PLACES = ("under a tree", "behind a rock", "in the grass", "in a nest", "under a bench", "in a hole")
GAMES = ("sang a song", "played a game", "ate some cake", "told jokes", "danced", "looked at the clouds")


class Story:
    """Hero, thing, place, friend: every sentence and every later answer uses the same ones."""

    def __init__(self, rng: Dice, hero: str = "", friend: str = "", thing: str = ""):
        self.rng = rng
        self.hero = hero or (person_name(rng) if rng.chance(0.5) else "the " + rng.choice(ANIMALS))
        villager = VILLAGERS.get(self.hero)
        self.he = "it" if self.hero.startswith("the ") else pronouns(rng, self.hero)[0]
        self.thing = thing or rng.choice(THINGS)
        self.colour = rng.choice(COLOURS)
        self.place = villager[7] if villager else rng.choice(PLACES)
        animal = rng.choice([other for other in ANIMALS if other not in (self.hero[4:], villager_animal(self.hero))])
        self.friend = friend or f"{article(rng.choice(KINDS_OF_HELPER))} {animal}"  # as first mentioned
        self.the_friend = friend or f"the {animal}"
        self.feeling = rng.choice(FEELINGS)
        self.hidden = rng.choice(HIDING_PLACES)
        self.game = rng.choice(GAMES)
        self.plot = rng.choice((self.lost, self.found, self.gift, self.party, self.race))
        self.events = []  # (questions, answer, short answer) of this plot
        self.text = self.tell()

    def tell(self) -> str:
        hero = self.hero
        body = self.plot(capital(hero), capital(self.he), f"{article(self.colour)} {self.thing}")
        end = self.rng.choice((f"In the end, {hero} was {self.feeling}.", f"That evening, {hero} was {self.feeling}."))
        return " ".join(body + [end])

    def once(self) -> str:
        return self.rng.choice(("Once upon a time, ", "One day, ", "One fine morning, ", "Last summer, "))

    def event(self, verb: str, past: str, answer: str):
        self.events.append(((f"What did {self.hero} {verb}?", f"What did {self.he} {verb}?",
                             f"Tell me what {self.hero} {past}."),
                            f"{capital(self.hero)} {past} {answer}.", f"{capital(answer)}."))

    def lost(self, hero: str, he: str, thing: str) -> list:
        self.event("lose", "lost", thing)
        self.events.append(((f"Where was the {self.thing}?", f"Where did {self.hero} find the {self.thing}?"),
                            f"The {self.thing} was {self.hidden}.", f"{capital(self.hidden)}."))
        return [f"{self.once()}{self.hero} lost {thing}.", f"{he} looked for it and went to {self.place}.",
                f"There {self.he} met {self.friend}.", f'"Your {self.thing} is {self.hidden}," said {self.the_friend}.',
                f"{hero} found the {self.thing} and said thank you."]

    def found(self, hero: str, he: str, thing: str) -> list:
        self.event("find", "found", thing)
        return [f"{self.once()}{self.hero} went to {self.place}.", f"There {self.he} found {thing}.",
                f"Then {self.he} met {self.friend}.", f'"That is my {self.thing}," said {self.the_friend}.',
                f"{hero} gave the {self.thing} back.", f"They {self.game} together."]

    def gift(self, hero: str, he: str, thing: str) -> list:
        self.event("make", "made", thing)
        return [f"{self.once()}{self.hero} made {thing}.", "It was a gift for a friend.", f"{he} went to {self.place}.",
                f"There {self.he} met {self.friend}.", f'"This {self.thing} is for you," said {self.hero}.',
                f'"Thank you, it is beautiful," said {self.the_friend}.']

    def party(self, hero: str, he: str, thing: str) -> list:
        self.event("bring", "brought", thing)
        return [f"{self.once()}there was a party.", f"{hero} went to {self.place} and brought {thing}.",
                f"There {self.he} met {self.friend}.", f'"What a nice {self.thing}!" said {self.the_friend}.',
                f"They {self.game} together until night."]

    def race(self, hero: str, he: str, thing: str) -> list:
        self.event("win", "won", thing)
        return [f"{self.once()}{self.hero} went to {self.place}.", f"There {self.he} met {self.friend}.",
                f'"Let us run a race," said {self.the_friend}.', f"{hero} ran very fast and won {thing}.",
                f"Then they {self.game} together."]

    def questions(self) -> dict:
        """{what is asked: (questions, answer, short answer)}."""
        hero, Hero = self.hero, capital(self.hero)
        return {
            "colour": ((f"What colour was the {self.thing}?", f"Which colour did the {self.thing} have?"),
                       f"The {self.thing} was {self.colour}.", f"{capital(self.colour)}."),
            "place": ((f"Where did {hero} go?", f"Where did {self.he} go?", f"Tell me where {hero} went."),
                      f"{Hero} went to {self.place}.", f"To {self.place}."),
            "feeling": ((f"How did {hero} feel in the end?", f"How was {hero} in the end?",
                         f"How was {hero} that evening?"),
                        f"In the end, {hero} was {self.feeling}.", f"{capital(self.feeling)}."),
            "hero": (("Who was the story about?", "Who is the story about?"), f"The story was about {hero}.",
                     f"{Hero}."),
            "friend": ((f"Who did {hero} meet?", f"Who did {self.he} meet?", f"Tell me who {hero} met."),
                       f"{Hero} met {self.friend}.", f"{capital(self.friend)}."),
            "event": self.events[0], **({"hidden": self.events[1]} if len(self.events) > 1 else {})}


def villager_animal(name: str) -> str:
    return VILLAGERS[name][3] if name in VILLAGERS else ""


def request(rng: Dice, state: State) -> Turn:
    """Asks for a story with any of a hero, a friend and a thing."""
    hero = rng.weighted([("", 3), (rng.choice(list(VILLAGERS)), 2), (person_name(rng), 4),
                         ("the " + rng.choice(ANIMALS), 2)])
    friend = person_name(rng) if hero and rng.chance(0.25) else ""
    friend = "" if friend[:2] == hero[:2] else friend
    thing = rng.choice(THINGS) if rng.chance(0.4) else ""
    named = [article(hero[4:]) if hero.startswith("the ") else hero, friend, thing and article(thing)]
    named = [name for name in named if name]
    about = " about " + (named[0] if len(named) == 1 else ", ".join(named[:-1]) + " and " + named[-1]) if named else ""
    story = Story(rng, hero, friend, thing)
    state.memory["story"] = story
    ask = rng.choice(("Tell me a story{}.", "Tell me a story{}.", "Tell a story{}.", "I want a story{}.",
                      "Write a story{}.", "Please tell me a story{}.", "Can you tell me a story{}?",
                      "I would like a story{}.", "Do you know a story{}?", "Write a short story{}."))
    return Turn(ask.format(about), story.text)


def question(rng: Dice, story: Story, what: str = "") -> Turn:
    questions = story.questions()
    asked, answer, short = questions[what if what in questions else rng.choice(list(questions))]
    return Turn(rng.choice(asked), answer, short, f"I look in the story. {answer}")


def story(rng: Dice, state: State):
    """Tells a story"""
    yield request(rng, state)


def another(rng: Dice, state: State):
    """Tells another story"""
    yield request(rng, state)
    story = state.memory["story"] = Story(rng)
    yield Turn(rng.choice(("Tell me another story.", "Another story!", "One more story, please.")), story.text)


def asked_story(rng: Dice, state: State):
    """One question about a story"""
    yield request(rng, state)
    yield question(rng, state.memory["story"])


def asked_often(rng: Dice, state: State):
    """Several questions about a story"""
    yield request(rng, state)
    kinds = list(state.memory["story"].questions())
    for what in rng.sample(kinds, rng.choice((2, 3, 4))):
        yield question(rng, state.memory["story"], what)


def asked_later(rng: Dice, state: State):
    """A story told earlier"""
    if "story" not in state.memory:
        yield request(rng, state)
        yield from talk.filler(rng, state)
    yield question(rng, state.memory["story"])


def poem(rng: Dice, state: State):
    """A poem"""
    rhymes = rng.choice((("sun", "fun", "run"), ("tree", "sea", "bee"), ("night", "light", "be bright"),
                         ("day", "the way", "play"), ("cat", "a hat", "a mat"), ("moon", "noon", "hum a tune")))
    first = rng.choice(("I see the {0},", "Look at the {0},", "Here is the {0},")).format(rhymes[0])
    second = rng.choice(("I think of {1}.", "I dream of {1}.")).format(*rhymes)
    third = rng.choice(("The {c} {a} sings", "A {c} {a} waits")).format(c=rng.choice(COLOURS), a=rng.choice(ANIMALS))
    verb = rhymes[2] if rhymes[2].split()[0] in ("run", "be", "play", "hum") else f"see {rhymes[2]}"
    yield Turn(rng.choice(("Write a poem.", "Tell me a poem.", "Can you write a poem?", "A short poem, please.",
                           "I want a poem.")), f"{first}\n{second}\n{third}\nand wants to {verb}.")


FREE = {story, another, poem}
SKILLS = [(story, 2), (another, 0.6), (asked_story, 2.5), (asked_often, 2), (asked_later, 1), (poem, 0.5)]
