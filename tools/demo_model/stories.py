"""Stories by a small grammar, with follow-up questions about what happened in them."""
from world import *

FEELINGS = ["happy", "proud", "tired but happy", "very glad"]


class Story:
    """Hero, thing, place, helper, problem: every sentence and every later answer uses the same ones."""

    def __init__(self, rng, hero=None, thing=None):
        self.villager = hero in VILLAGERS
        if hero is None:
            hero = person_name(rng) if rng.random() < 0.5 else "the " + rng.choice(ANIMALS)
        self.hero = hero
        self.he, self.his = (VILLAGERS[hero][:2] if self.villager else
                             ("it", "its") if hero.startswith("the ") else rng.choice([("he", "his"), ("she", "her")]))
        self.thing = thing or rng.choice(THINGS)
        self.colour = rng.choice(COLOURS)
        self.place = VILLAGERS[hero][7] if self.villager else rng.choice(PLACES)
        animals = [a for a in ANIMALS if a not in hero]
        self.helper = VILLAGERS[hero][4] + " the " + VILLAGERS[hero][3] if self.villager else \
            rng.choice(["a kind ", "an old ", "a small ", "a clever "]) + rng.choice(animals)
        self.there = "the " + self.helper.split()[-1] if not self.villager else self.helper.split()[0]
        self.feeling = rng.choice(FEELINGS)
        self.plot = rng.choice(["lost", "found", "gift"])
        self.rng = rng

    def tell(self) -> str:
        r, he, his = self.rng, self.he, self.his
        He, hero, Hero = he.capitalize(), self.hero, capital(self.hero)
        thing = f"{article(self.colour)} {self.thing}"
        start = r.choice([f"Once upon a time, {hero} had {thing}.", f"One day, {hero} had {thing}."])
        if self.plot == "lost":
            body = [f"{Hero} loved it very much.", f"But one morning the {self.thing} was gone.",
                    f"{He} looked for it everywhere and went to {self.place}.",
                    f"There {he} met {self.helper}.",
                    f'"Your {self.thing} is under the tree," said {self.there}.',
                    f"{Hero} found the {self.thing} and said thank you."]
        elif self.plot == "found":
            start = r.choice([f"Once upon a time, {hero} went to {self.place}.", f"One day, {hero} went to {self.place}."])
            body = [f"There {he} found {thing}.", f'"Whose {self.thing} is this?" asked {hero}.',
                    f'"It is mine," said {self.helper}.', f"{Hero} gave the {self.thing} back.",
                    "They played together until the evening."]
        else:
            start = r.choice([f"Once upon a time, {hero} made {thing}.", f"One day, {hero} made {thing}."])
            body = ["It was a gift for a friend.", f"{He} took it to {self.place}.",
                    f"There {self.helper} was waiting.", f'"This {self.thing} is for you," said {hero}.',
                    f'"Thank you, it is beautiful," said {self.there}.']
        end = r.choice([f"In the end, {hero} was {self.feeling}.", f"That evening, {hero} was {self.feeling}."])
        return " ".join([start] + body + [end])

    def questions(self):
        he, hero, Hero = self.he, self.hero, capital(self.hero)
        rows = [([f"What colour was the {self.thing}?", f"Which colour was the {self.thing}?"],
                 f"The {self.thing} was {self.colour}.", f"{capital(self.colour)}."),
                ([f"Where did {hero} go?", f"Where did {he} go?", "Where did it happen?"],
                 f"{Hero} went to {self.place}.", f"To {self.place}."),
                ([f"How did {hero} feel in the end?", f"How was {hero} in the end?", "How did the story end?"],
                 f"In the end, {hero} was {self.feeling}.", f"{capital(self.feeling)}."),
                (["Who was the story about?", "Who is the story about?"], f"The story was about {hero}.", f"{Hero}."),
                ([f"Who did {hero} meet?", f"Who else was in the story?", f"Who was at {self.place}?"],
                 f"{Hero} met {self.helper}.", f"{capital(self.helper)}.")]
        if self.plot == "lost":
            rows += [([f"What did {hero} lose?", f"What did {he} lose?"], f"{Hero} lost {article(self.colour)} {self.thing}.",
                      f"{capital(article(self.thing))}."),
                     ([f"Where was the {self.thing}?"], f"The {self.thing} was under the tree.", "Under the tree.")]
        elif self.plot == "found":
            rows.append(([f"What did {hero} find?", f"What did {he} find?"],
                         f"{Hero} found {article(self.colour)} {self.thing}.", f"{capital(article(self.thing))}."))
        else:
            rows.append(([f"What did {hero} make?", f"What was the gift?"],
                         f"{Hero} made {article(self.colour)} {self.thing}.", f"{capital(article(self.thing))}."))
        return rows


def story(rng, state):
    asked_hero = rng.random()
    if asked_hero < 0.3:
        hero = rng.choice(list(VILLAGERS))
        ask = f"about {hero}"
    elif asked_hero < 0.5:
        hero = "the " + rng.choice(ANIMALS)
        ask = f"about {article(hero[4:])}"
    elif asked_hero < 0.7:
        hero = person_name(rng)
        ask = f"about {hero}"
    else:
        hero, ask = None, ""
    thing = rng.choice(THINGS) if rng.random() < 0.35 else None
    if thing:
        ask = f"{ask} and {article(thing)}" if ask else f"about {article(thing)}"
    tale = Story(rng, hero, thing)
    text = tale.tell()
    yield f"{rng.choice(['Tell me a story', 'Tell a story', 'I want a story', 'Write a story', 'Please tell me a story', 'Can you tell me a story'])} {ask}".strip() + ".", \
        text, text
    for question in rng.sample(tale.questions(), rng.choice([0, 1, 1, 2, 3])):
        yield rng.choice(question[0]), question[1], question[2]
    if rng.random() < 0.1:
        again = Story(rng).tell()
        yield rng.choice(["Tell me another story.", "Another one!", "One more story, please."]), again, again


def poem(rng, state):
    rhymes = rng.choice([("sun", "fun", "run"), ("tree", "sea", "bee"), ("night", "light", "bright"),
                         ("day", "way", "play"), ("cat", "hat", "mat"), ("moon", "soon", "tune")])
    first = rng.choice(["I see the {0},", "Look at the {0},", "Here is the {0},"]).format(rhymes[0])
    second = rng.choice(["it gives me {1}.", "it is like {1}.", "I think of {1}."]).format(*rhymes)
    third = rng.choice(["The {c} {a} sings", "A {c} {a} waits"]).format(c=rng.choice(COLOURS), a=rng.choice(ANIMALS))
    text = f"{first}\n{second}\n{third},\nand wants to {rhymes[2]}."
    yield rng.choice(["Write a poem.", "Tell me a poem.", "Can you write a poem?", "A short poem, please."]), text, text
