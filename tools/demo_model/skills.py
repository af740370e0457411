"""What the demo model can talk about: each skill yields (user, answer, short answer) turns.

`state` is the conversation so far: what the user told (`facts`), the assistant's name, and the topic.
The short answer is what a system prompt that asks for brevity gets.
"""
from world import *


class State:
    def __init__(self, assistant: str):
        self.assistant = assistant
        self.facts = {}


def greeting(rng, state):
    if rng.random() < 0.5:
        hello = rng.choice(["Hello!", "Hi!", "Hey!", "Good morning!", "Hello there!", "Hi there!"])
        name = state.facts.get("name")
        you = f", {name}" if name else ""
        yield hello, f"Hello{you}! How can I help you?", "Hello!"
    else:
        yield rng.choice(["How are you?", "How are you today?", "How do you do?", "How is it going?"]), \
            "I am fine, thank you. How are you?", "Fine."
        if rng.random() < 0.6:
            good = rng.random() < 0.7
            mood = rng.choice(["I am fine.", "Fine, thanks.", "I am very well.", "Good!", "I am happy today."]
                              if good else ["I am tired.", "I am sad.", "Not so good.", "I am sick."])
            yield mood, ("I am glad to hear that!" if good else
                         "I am sorry to hear that. Shall I tell you a story?"), ("Good!" if good else "Sorry!")


def identity(rng, state):
    kind = rng.randrange(5)
    if kind == 0:
        yield rng.choice(["Who are you?", "What are you?", "What is your name?", "What's your name?",
                          "Tell me who you are.", "How are you called?"]), \
            f"I am {state.assistant}, a very small language model.", f"{state.assistant}."
    elif kind == 1:
        yield rng.choice(["What can you do?", "What can I ask you?", "How can you help me?",
                          "What do you know?", "Help!"]), \
            ("I can tell stories, count, do small sums, repeat lists, and remember what you tell me. "
             f"You can also ask me about the village of {VILLAGE}."), "Stories, sums, lists."
    elif kind == 2:
        yield rng.choice(["Are you a human?", "Are you a real person?", "Are you human?"]), \
            "No, I am a very small language model.", "No."
    elif kind == 3:
        yield rng.choice(["Who made you?", "Where do you come from?", "Who built you?", "Who trained you?"]), \
            "I was trained by the quire project, from its own small world.", "The quire project."
    else:
        yield rng.choice(["Are you a robot?", "Are you a language model?", "Are you a computer program?"]), \
            "Yes, I am a very small language model.", "Yes."


def polite(rng, state):
    if rng.random() < 0.6:
        yield rng.choice(["Thank you!", "Thanks!", "Thank you very much.", "Thanks a lot!", "Great, thanks!"]), \
            "You are welcome!", "Welcome!"
    else:
        you = f", {state.facts['name']}" if "name" in state.facts else ""
        yield rng.choice(["Goodbye!", "Bye!", "See you!", "Good night!", "I have to go now."]), \
            f"Goodbye{you}! It was nice to talk to you.", "Goodbye!"


FACTS = {  # key -> (what the user says, the answer, the question, its answer)
    "name": (["My name is {v}.", "I am {v}.", "I'm {v}.", "Call me {v}.", "Hi, I am {v}.", "Hello, my name is {v}.",
              "Hello! My name is {v}.", "Hi! My name is {v}."],
             "Nice to meet you, {v}!",
             ["What is my name?", "What's my name?", "Who am I?", "Do you know my name?", "How am I called?",
              "Do you remember my name?"], "Your name is {v}."),
    "colour": (["My favourite colour is {v}.", "I like the colour {v}.", "I love {v}, it is my favourite colour."],
               "{V} is a nice colour.",
               ["What is my favourite colour?", "Which colour do I like?", "Do you know my favourite colour?"],
               "Your favourite colour is {v}."),
    "food": (["My favourite food is {v}.", "I like to eat {v}.", "I love {v}, it is my favourite food."],
             "{V} sounds good!",
             ["What is my favourite food?", "What do I like to eat?", "Which food do I like?"],
             "Your favourite food is {v}."),
    "city": (["I live in {v}.", "I come from {v}.", "I am from {v}."],
             "{v} must be a nice place.",
             ["Where do I live?", "Where am I from?", "Which city do I live in?"],
             "You live in {v}."),
    "age": (["I am {v} years old.", "My age is {v}."],
            "{v} is a good age.",
            ["How old am I?", "What is my age?", "Do you know my age?"], "You are {v} years old."),
    "hobby": (["My hobby is {v}.", "I like {v}.", "I enjoy {v}."],
              "{V} is fun!",
              ["What is my hobby?", "What do I like to do?", "What do I enjoy?"], "You like {v}."),
    "animal": (["My favourite animal is the {v}.", "I like the {v} best of all animals."],
               "The {v} is a fine animal.",
               ["What is my favourite animal?", "Which animal do I like?"], "Your favourite animal is the {v}."),
    "number": (["My lucky number is {v}.", "The secret number is {v}.", "Remember the number {v}."],
               "I will remember the number {v}.",
               ["What is the number?", "Which number did I tell you?", "What was my number?"], "The number is {v}."),
    "word": (["The secret word is {v}.", "Remember the word {v}.", "The password is {v}."],
             "I will remember the word {v}.",
             ["What is the secret word?", "Which word did I tell you?", "What was the word?", "What is the password?"],
             "The word is {v}."),
    "friend": (["My friend is called {v}.", "My best friend is {v}.", "I have a friend named {v}."],
               "{v} sounds like a good friend.",
               ["Who is my friend?", "What is my friend's name?", "How is my friend called?"],
               "Your friend is called {v}."),
}
UNKNOWN = {"name": "your name", "colour": "your favourite colour", "food": "your favourite food",
           "city": "where you live", "age": "how old you are", "hobby": "what you like to do",
           "animal": "your favourite animal", "number": "the number", "word": "the word",
           "friend": "your friend's name"}


def fact_value(rng, key):
    return {"name": lambda: person_name(rng), "friend": lambda: person_name(rng),
            "colour": lambda: rng.choice(COLOURS), "food": lambda: rng.choice(FOODS),
            "city": lambda: rng.choice(CITIES), "age": lambda: str(rng.randint(5, 90)),
            "hobby": lambda: rng.choice(HOBBIES), "animal": lambda: rng.choice(ANIMALS),
            "number": lambda: str(rng.randint(0, 999)),
            "word": lambda: rng.choice([rng.choice(THINGS), rng.choice(ANIMALS),
                                        person_name(rng).lower()])}[key]()


def tell_fact(rng, state):
    key = rng.choice(list(FACTS) + ["name"] * 4)
    value = fact_value(rng, key)
    tells, answer, _, _ = FACTS[key]
    state.facts[key] = value
    yield rng.choice(tells).format(v=value), answer.format(v=value, V=capital(value)), "OK."
    if rng.random() < 0.3:
        yield from ask_fact(rng, state, key)


def tell_two_facts(rng, state):
    first, second = rng.sample(list(FACTS), 2)
    parts = []
    for key in (first, second):
        value = fact_value(rng, key)
        state.facts[key] = value
        parts.append(rng.choice(FACTS[key][0][:2]).format(v=value))
    yield " ".join(parts), "Thank you for telling me. I will remember it.", "OK."
    yield from ask_fact(rng, state, rng.choice([first, second]))


def ask_fact(rng, state, key=None):
    key = key or rng.choice(list(state.facts) * 3 + list(FACTS) if state.facts else list(FACTS))
    question = rng.choice(FACTS[key][2])
    if key in state.facts:
        value = state.facts[key]
        yield question, FACTS[key][3].format(v=value), f"{capital(value)}."
    else:
        yield question, f"You did not tell me {UNKNOWN[key]} yet.", "I do not know."


def pet(rng, state):
    animal, name = rng.choice(ANIMALS), person_name(rng)
    tell = rng.choice(["I have {a} called {n}.", "I have {a} named {n}.", "My pet is {a}. Its name is {n}."])
    yield tell.format(a=article(animal), n=name), f"{name} is a lovely name for {article(animal)}!", "Lovely!"
    if rng.random() < 0.7:
        yield rng.choice([f"What is my {animal}'s name?", f"How is my {animal} called?",
                          "What is the name of my pet?"]), f"Your {animal} is called {name}.", f"{name}."
    if rng.random() < 0.4:
        yield rng.choice([f"What animal is {name}?", "Which pet do I have?", f"Who is {name}?"]), \
            f"{name} is your {animal}.", f"{article(animal).capitalize()}."


def village(rng, state):
    name = rng.choice(list(VILLAGERS))
    he, his, job, animal, pet_name, colour, food, place = VILLAGERS[name]
    He = he.capitalize()
    rows = [
        ([f"Who is {name}?", f"Do you know {name}?", f"Tell me about {name}."],
         f"{name} is the {job} of {VILLAGE}. {He} has {article(animal)} called {pet_name} and likes {food}.",
         f"The {job}."),
        ([f"What is {name}'s job?", f"What does {name} do?", f"What is the job of {name}?"],
         f"{name} is a {job}.", f"{capital(job)}."),
        ([f"Who is the {job} of {VILLAGE}?", f"Who is the {job}?", f"What is the name of the {job}?"],
         f"The {job} of {VILLAGE} is {name}.", f"{name}."),
        ([f"Which animal does {name} have?", f"Does {name} have a pet?", f"What pet does {name} have?"],
         f"{name} has {article(animal)} called {pet_name}.", f"{capital(article(animal))}."),
        ([f"What is the name of {name}'s {animal}?", f"How is {name}'s {animal} called?"],
         f"{name}'s {animal} is called {pet_name}.", f"{pet_name}."),
        ([f"Who is {pet_name}?", f"What is {pet_name}?"], f"{pet_name} is {name}'s {animal}.", f"{name}'s {animal}."),
        ([f"What is {name}'s favourite colour?", f"Which colour does {name} like?"],
         f"{name}'s favourite colour is {colour}.", f"{capital(colour)}."),
        ([f"What does {name} like to eat?", f"What is {name}'s favourite food?"],
         f"{name} likes to eat {food}.", f"{capital(food)}."),
        ([f"Where can I find {name}?", f"Where is {name}?", f"Where does {name} live?"],
         f"You can find {name} at {place}.", f"At {place}."),
    ]
    for row in rng.sample(rows, rng.choice([1, 1, 2])):
        yield rng.choice(row[0]), row[1], row[2]
    if rng.random() < 0.3:
        other = rng.choice(list(VILLAGERS))
        truth = other == name or rng.random() < 0.4
        asked = VILLAGERS[name][2] if truth else VILLAGERS[other][2]
        yes = asked == job
        yield f"Is {name} a {asked}?", (f"Yes, {name} is a {job}." if yes else
                                        f"No, {name} is not a {asked}. {He} is a {job}."), "Yes." if yes else "No."
    if rng.random() < 0.12:
        yield rng.choice([f"Who lives in {VILLAGE}?", f"Who lives in the village?", f"Tell me about {VILLAGE}."]), \
            f"In {VILLAGE} live " + joined(VILLAGERS) + ".", "Ten people."
