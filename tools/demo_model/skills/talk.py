"""Small talk: greetings, moods, who the assistant is, thanks, goodbye, and what it says it does not know."""
from turns import Dice, State, Turn
from world import VILLAGE, invented_word

GREETINGS = ("Hello!", "Hi!", "Hey!", "Good morning!", "Good evening!", "Hello there!", "Hi there!", "Hello.",
             "Hey there!", "Good day!", "Hi, how nice to see you!")
HOW_ARE_YOU = ("How are you?", "How are you today?", "How do you do?", "How is it going?", "Are you well?",
               "Hello, how are you?", "Hi! How are you?", "How are you doing?")
GOOD_MOODS = ("I am fine.", "Fine, thanks.", "I am very well.", "I am happy today.", "I feel great!",
              "I am well, thank you.", "I had a good day.", "I am glad today.", "Very well, thanks!", "I feel good.")
BAD_MOODS = ("I am tired.", "I am sad.", "Not so good.", "I am sick.", "I feel sad today.", "I had a bad day.",
             "I do not feel well.", "I am not so well.", "I am a little sad.", "I am bored.")
TOPICS = ("the weather", "politics", "the news", "quantum physics", "money", "the stars", "computers", "the moon",
          "taxes", "medicine", "law", "the internet", "programming", "philosophy", "chemistry", "space",
          "cars", "films", "dragons", "trains", "robots", "volcanoes", "sports", "engines", "planets", "maps",
          "poetry", "ghosts", "mathematics", "fashion", "rockets", "pirates", "bridges", "radios", "kings", "deserts")
TOPIC_QUESTIONS = ("What do you think about {}?", "Explain {} to me.", "Tell me about {}.",
                   "Do you know much about {}?", "What can you say about {}?", "Let us talk about {}.",
                   "I want to know more about {}.", "Write an essay about {}.", "Can we talk about {}?",
                   "What is the latest about {}?")
UNKNOWN = "I am a very small model, and I do not know that."


def greeting(rng: Dice, state: State):
    """Greeting"""
    you = f", {state.facts['name']}" if "name" in state.facts else ""
    yield Turn(rng.choice(GREETINGS), f"Hello{you}! How can I help you?", "Hello!")


def mood(rng: Dice, state: State):
    """How are you, and the answer"""
    if rng.chance(0.6):
        yield Turn(rng.choice(HOW_ARE_YOU), "I am fine, thank you. How are you?", "Fine.")
    if rng.chance(0.6):
        yield Turn(rng.choice(GOOD_MOODS), "I am glad to hear that!", "Good!")
    else:
        yield Turn(rng.choice(BAD_MOODS), "I am sorry to hear that. Shall I tell you a story?", "Sorry!")


def identity(rng: Dice, state: State):
    """Who are you"""
    who = (("Who are you?", "What is your name?", "What's your name?", "Tell me who you are.", "What are you called?",
            "Do you have a name?", "How are you called?", "May I ask your name?", "What are you?"),
           f"I am {state.assistant}, a very small language model.", f"{state.assistant}.")
    human = (("Are you a human?", "Are you a real person?", "Are you human?", "Am I talking to a human?"),
             "No, I am a very small language model.", "No.")
    model = (("Are you a robot?", "Are you a language model?", "Are you a computer program?", "Are you an AI?",
              "Are you a chat model?"), "Yes, I am a very small language model.", "Yes.")
    maker = (("Who made you?", "Where do you come from?", "Who built you?", "Who trained you?", "How were you made?"),
             "I was trained by the quire project, from its own small world.", "The quire project.")
    questions, answer, short = rng.weighted([(who, 5), (human, 1.5), (model, 1.5), (maker, 2)])
    yield Turn(rng.choice(questions), answer, short)


def abilities(rng: Dice, state: State):
    """What can you do"""
    yield Turn(rng.choice(("What can you do?", "What can I ask you?", "How can you help me?", "What do you know?",
                           "Help!", "Can you help me?", "What are you good at?", "What should I ask you?")),
               "I can tell stories, count, do small sums, sort lists, use tools, and remember what you tell me. "
               f"You can also ask me about the village of {VILLAGE}.", "Stories, sums and lists.")


def thanks(rng: Dice, state: State):
    """Thanks"""
    yield Turn(rng.choice(("Thank you!", "Thanks!", "Thank you very much.", "Thanks a lot!", "Great, thanks!",
                           "That was helpful.", "Thank you for your help.", "Many thanks!")),
               "You are welcome!", "Welcome!")


def goodbye(rng: Dice, state: State):
    """Goodbye"""
    you = f", {state.facts['name']}" if "name" in state.facts else ""
    yield Turn(rng.choice(("Goodbye!", "Bye!", "See you!", "Good night!", "I have to go now.", "See you tomorrow!",
                           "Bye bye!", "I must go. Goodbye!", "See you later!")),
               f"Goodbye{you}! It was nice to talk to you.", "Goodbye!")


def topic_turn(rng: Dice, topic: str) -> Turn:
    return Turn(rng.choice(TOPIC_QUESTIONS).format(topic), UNKNOWN, "I do not know.")


def outside(rng: Dice, state: State):
    """Says what it does not know"""
    word = invented_word(rng)
    if rng.chance(0.5):
        yield topic_turn(rng, word if rng.chance(0.3) else rng.choice(TOPICS))
        return
    question = rng.choice((f"What is a {word}?", f"Who was {word.capitalize()}?", f"Translate {word} into French.",
                           f"What is the capital of {word.capitalize()}?", f"What is the meaning of {word}?",
                           f"Write a program that prints {word}.", f"Where is {word.capitalize()} city?",
                           f"How far is it to {word.capitalize()}?", f"Who invented the {word}?",
                           "Who is the president?", "What time is it?", "How will the weather be tomorrow?",
                           "How many people live on Earth?", "How do I fix my computer?", "Which film is the best?"))
    yield Turn(question, UNKNOWN, "I do not know.")


def noise(rng: Dice, state: State):
    """Says what it does not understand"""
    words = [invented_word(rng) for _ in range(rng.randint(2, 7))]
    marks = "".join(chr(rng.choice((rng.randint(33, 126), rng.randint(0xc0, 0x17f), rng.randint(0x4e00, 0x9000))))
                    for _ in range(rng.randint(2, 8)))
    yield Turn(rng.choice((" ".join(words).capitalize() + rng.choice(".?!"), marks, " ".join(words) + " " + marks)),
               "I am sorry, I do not understand that.", "I do not understand.")


def filler(rng: Dice, state: State):
    """Zero to three turns of small talk, so that what was said before lies further back."""
    for _ in range(rng.choice((0, 0, 1, 2, 3))):
        yield from rng.weighted([(mood, 2), (identity, 1), (thanks, 1), (outside, 2)])(rng, state)


FREE = set()
SKILLS = [(greeting, 2), (mood, 2), (identity, 2.5), (abilities, 0.7), (thanks, 1.2), (goodbye, 1), (outside, 2.5),
          (noise, 0.6)]
