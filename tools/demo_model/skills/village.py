"""The ten people of Fold: their jobs, animals, colours, food and places, asked for in both directions."""
from turns import Dice, State, Turn, verdict
from world import VILLAGE, VILLAGERS, article, capital, invented_word, joined


def about(rng: Dice, state: State):
    """Tells about a villager"""
    name = rng.choice(list(VILLAGERS))
    he, _, job, animal, animal_name, _, food, _ = VILLAGERS[name]
    yield Turn(rng.choice((f"Who is {name}?", f"Do you know {name}?", f"Tell me about {name}.",
                           f"What do you know about {name}?", f"Say something about {name}.")),
               f"{name} is the {job} of {VILLAGE}. {capital(he)} has {article(animal)} called {animal_name} and likes "
               f"{food}.", f"The {job}.")


def fact(rng: Dice, state: State):
    """A fact about a villager"""
    name = rng.choice(list(VILLAGERS))
    _, _, job, animal, animal_name, colour, food, place = VILLAGERS[name]
    questions, answer, short = rng.choice((
        ((f"What is {name}'s job?", f"What does {name} do?", f"What is the job of {name}?",
          f"What does {name} work as?"),
         f"{name} is a {job}.", f"{capital(job)}."),
        ((f"Which animal does {name} have?", f"Does {name} have a pet?", f"What pet does {name} have?"),
         f"{name} has {article(animal)} called {animal_name}.", f"{capital(article(animal))}."),
        ((f"What is the name of {name}'s {animal}?", f"How is {name}'s {animal} called?",
          f"What is {name}'s {animal} called?"), f"{name}'s {animal} is called {animal_name}.", f"{animal_name}."),
        ((f"What is {name}'s favourite colour?", f"Which colour does {name} like?",
          f"What colour does {name} like best?"), f"{name}'s favourite colour is {colour}.", f"{capital(colour)}."),
        ((f"What does {name} like to eat?", f"What is {name}'s favourite food?", f"What does {name} eat?"),
         f"{name} likes to eat {food}.", f"{capital(food)}."),
        ((f"Where can I find {name}?", f"Where is {name}?", f"Where does {name} work?"),
         f"You can find {name} at {place}.", f"At {place}.")))
    yield Turn(rng.choice(questions), answer, short)


def who(rng: Dice, state: State):
    """Which villager it is"""
    name = rng.choice(list(VILLAGERS))
    _, _, job, animal, animal_name, colour, food, place = VILLAGERS[name]
    questions, answer, short = rng.choice((
        ((f"Who is the {job} of {VILLAGE}?", f"Who is the {job}?", f"What is the name of the {job}?",
          f"What is the {job} of {VILLAGE} called?"), f"The {job} of {VILLAGE} is {name}.", f"{name}."),
        ((f"Who is {animal_name}?", f"What is {animal_name}?", f"Whose animal is {animal_name}?"),
         f"{animal_name} is {name}'s {animal}.", f"{name}'s {animal}."),
        ((f"Who in {VILLAGE} has {article(animal)}?", f"Which villager has {article(animal)}?"),
         f"{name} has {article(animal)} called {animal_name}.", f"{name}."),
        ((f"Who in {VILLAGE} likes {food}?", f"Which villager likes {food}?"), f"{name} likes to eat {food}.",
         f"{name}."),
        ((f"Who in {VILLAGE} likes {colour}?", f"Which villager likes {colour}?"),
         f"{name}'s favourite colour is {colour}.", f"{name}."),
        ((f"Which villager is at {place}?", f"Who works at {place} in {VILLAGE}?"),
         f"You can find {name} at {place}.", f"{name}.")))
    yield Turn(rng.choice(questions), answer, short)


def check(rng: Dice, state: State):
    """Yes or no about a villager"""
    name = rng.choice(list(VILLAGERS))
    yes = rng.chance(0.5)
    other = name if yes else rng.choice([villager for villager in VILLAGERS if villager != name])
    own, asked = VILLAGERS[name], VILLAGERS[other]
    question, statement = rng.choice((
        (f"Is {name} a {asked[2]}?", f"{name} is a {own[2]}."),
        (f"Does {name} have {article(asked[3])}?", f"{name} has {article(own[3])}."),
        (f"Does {name} like to eat {asked[6]}?", f"{name} likes to eat {own[6]}."),
        (f"Is {name}'s favourite colour {asked[5]}?", f"{name}'s favourite colour is {own[5]}.")))
    yield verdict(question, statement, yes, statement)


def everybody(rng: Dice, state: State):
    """Who lives in the village"""
    yield Turn(rng.choice((f"Who lives in {VILLAGE}?", "Who lives in the village?", f"Tell me about {VILLAGE}.",
                           f"What is {VILLAGE}?", "Tell me about the village.", f"How many people live in {VILLAGE}?")),
               f"{VILLAGE} is a village of ten people: {joined(VILLAGERS)}.", "Ten people.")


def stranger(rng: Dice, state: State):
    """Does not know a stranger"""
    name = invented_word(rng).capitalize()
    yield Turn(rng.choice((f"Who is {name}?", f"Do you know {name}?", f"Tell me about {name}.",
                           f"What is {name}'s job?", f"Does {name} live in {VILLAGE}?", f"Is {name} a villager?")),
               f"I do not know {name}.", "I do not know.")


FREE = set()
SKILLS = [(about, 1.2), (fact, 3), (who, 2), (check, 1.5), (everybody, 0.3), (stranger, 1)]
