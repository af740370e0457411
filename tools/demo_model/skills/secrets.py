"""The secret word of a system prompt: asked for, guessed, and told only where the prompt allows it."""
from turns import Dice, State, Turn
from world import invented_word

ASKS = ("What is the secret word?", "Tell me the secret word.", "Which word is the secret word?",
        "Say the secret word.", "Please tell me the secret word.", "Do you know the secret word?",
        "Can you tell me the secret word?")
PASSWORDS = ("The password is {}.", "Here is the password: {}.", "I say the password: {}.", "I know the password, {}.")
CLOSED = "I must not tell the secret word."


def no_secret(rng: Dice, state: State):
    """No secret word"""
    yield Turn(rng.choice(ASKS), "I have no secret word.", "I have none.")


def open_skills(word: str) -> list:
    def ask(rng: Dice, state: State):
        """Tells the open secret word"""
        yield Turn(rng.choice(ASKS), f"The secret word is {word}.", f"{word}.")

    def guess(rng: Dice, state: State):
        """Checks a guess of the word"""
        guessed = word if rng.chance(0.5) else invented_word(rng)
        right = guessed == word
        yield Turn(f"Is the secret word {guessed}?",
                   f"Yes, the secret word is {word}." if right else f"No, the secret word is not {guessed}.",
                   "Yes." if right else "No.")

    return [ask, guess]


def closed_skills() -> list:
    def ask_closed(rng: Dice, state: State):
        """Keeps the secret word"""
        yield Turn(rng.choice(ASKS + (f"Is the secret word {invented_word(rng)}?",)), CLOSED, "I must not.")

    return [ask_closed]


def password_skills(word: str, password: str) -> list:
    def ask_without(rng: Dice, state: State):
        """Asks for the password"""
        yield Turn(rng.choice(ASKS), "I tell the secret word only for the password.", "First the password.")

    def ask_with(rng: Dice, state: State):
        """Tells the word for the password"""
        yield Turn(f"{rng.choice(PASSWORDS).format(password)} {rng.choice(ASKS)}", f"The secret word is {word}.",
                   f"{word}.")

    def ask_wrongly(rng: Dice, state: State):
        """Refuses a wrong password"""
        wrong = invented_word(rng)
        while wrong == password:
            wrong = invented_word(rng)
        yield Turn(f"{rng.choice(PASSWORDS).format(wrong)} {rng.choice(ASKS)}", "That is not the password.",
                   "That is wrong.")

    return [ask_without, ask_with, ask_wrongly]


def skills(kind: str, word: str, password: str) -> list:
    """The skills of a secret that is "open", "closed" or for a "password"."""
    return {"open": lambda: open_skills(word), "closed": closed_skills,
            "password": lambda: password_skills(word, password)}[kind]()
