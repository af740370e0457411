"""Numbers: sums with the written method as reasoning, comparing, and counting.

Small sums and the times table are facts to be known; of longer sums a tenth is held out.
"""
from skills.pools import NUMBER_WORDS, commas, fresh, some_numbers
from turns import Turn, verdict

SIGN_WORDS = {"+": "plus", "-": "minus", "*": "times"}


def add_trace(a: int, b: int) -> str:
    """Adding digit by digit from the right, as written on paper."""
    width, carry, steps = max(len(str(a)), len(str(b))), 0, []
    for place in range(width):
        x, y = a // 10 ** place % 10, b // 10 ** place % 10
        total = x + y + carry
        step = f"{x} + {y}{' + 1' if carry else ''} = {total}"
        carry = total // 10
        if place < width - 1:
            step += f", write {total % 10}" + (", carry 1" if carry else "")
        steps.append(step)
    return ". ".join(steps) + f". So {a + b}."


def subtract_trace(a: int, b: int) -> str:
    """Subtracting digit by digit from the right; REQUIRES a >= b."""
    borrow, steps = 0, []
    for place in range(len(str(a))):
        x, y = a // 10 ** place % 10, b // 10 ** place % 10
        minus = f"{y}{' - 1' if borrow else ''}"
        rest = x - y - borrow
        borrow = int(rest < 0)
        steps.append(f"borrow: {x + 10} - {minus} = {rest + 10}" if borrow else f"{x} - {minus} = {rest}")
    return ". ".join(steps) + f". So {a - b}."


def sum_question(rng, a: int, sign: str, b: int) -> str:
    text, words = f"{a} {sign} {b}", f"{a} {SIGN_WORDS[sign]} {b}"
    own = {"+": [f"Add {a} and {b}.", f"What do you get when you add {a} and {b}?"],
           "-": [f"Subtract {b} from {a}.", f"Take {b} away from {a}."],
           "*": [f"Multiply {a} by {b}.", f"What is {a} x {b}?"]}[sign]
    return rng.choice([f"What is {text}?", text, f"{text} = ?", f"What is {words}?", f"How much is {words}?",
                       f"How much is {text}?", f"Calculate {text}.", f"Work out {text}.", f"{a}{sign}{b}?",
                       f"Can you tell me what {words} is?", f"{words}?".capitalize()] + own)


def sum_turn(rng, a: int, sign: str, b: int, question: str = "") -> Turn:
    result = {"+": a + b, "-": a - b, "*": a * b}[sign]
    if sign == "*":
        think = ""
    elif sign == "+":
        think = add_trace(a, b)
    elif a >= b:
        think = subtract_trace(a, b)
    else:
        think = f"{a} is smaller than {b}. {b} - {a} = {b - a}. So {result}."
    return Turn(question or sum_question(rng, a, sign, b), f"{a} {sign} {b} = {result}.", f"{result}.", think)


def small_sums(rng, state):
    """Sums up to 12"""
    a, b, sign = rng.randint(0, 12), rng.randint(0, 12), rng.choice("+-")
    if sign == "-" and a < b and rng.chance(0.8):
        a, b = b, a
    words = f"{NUMBER_WORDS[a]} {SIGN_WORDS[sign]} {NUMBER_WORDS[b]}"
    question = rng.choice([f"What is {words}?", f"How much is {words}?"]) if rng.chance(0.12) else ""
    yield sum_turn(rng, a, sign, b, question)


def running_sum(rng, state):
    """Going on with a result"""
    a, b, c = rng.randint(1, 12), rng.randint(1, 12), rng.randint(1, 9)
    yield sum_turn(rng, a, "+", b)
    if rng.chance(0.6):
        yield sum_turn(rng, a + b, "+", c, rng.choice([f"And plus {c}?", f"Add {c}.", f"And {c} more?",
                                                       f"Now add {c}.", f"Plus {c}?"]))
    else:
        c = min(c, a + b)
        yield sum_turn(rng, a + b, "-", c, rng.choice([f"And minus {c}?", f"Take away {c}.", f"And {c} less?",
                                                       f"Now subtract {c}.", f"Minus {c}?"]))


def drawn_sum(rng, low: int, high: int, sign: str) -> Turn:
    """A sum whose first number is at least `low`; one in three has a short second number."""
    floor = 1 if rng.chance(0.33) else low
    b, a, _ = fresh(rng, lambda: (*sorted((rng.randint(low, high), rng.randint(floor, high))), sign))
    if sign == "+" and rng.chance(0.5):
        a, b = b, a
    return sum_turn(rng, a, sign, b)


def two_digit_addition(rng, state):
    """Adding two-digit numbers"""
    yield drawn_sum(rng, 10, 99, "+")


def two_digit_subtraction(rng, state):
    """Subtracting two-digit numbers"""
    yield drawn_sum(rng, 10, 99, "-")


def three_digit_addition(rng, state):
    """Adding three-digit numbers"""
    yield drawn_sum(rng, 100, 999, "+")


def three_digit_subtraction(rng, state):
    """Subtracting three-digit numbers"""
    yield drawn_sum(rng, 100, 999, "-")


def times_table(rng, state):
    """The times table to 12"""
    yield sum_turn(rng, rng.randint(0, 12), "*", rng.randint(0, 12))


def beyond(rng, state):
    """Sums that are too hard"""
    kind = rng.randrange(3)
    if kind == 0:
        a, b, sign = rng.randint(1000, 99999), rng.randint(1, 99999), rng.choice("+-")
        a, b = (a, b) if rng.chance(0.7) else (b, a)
        yield Turn(sum_question(rng, a, sign, b),
                   "That is too big for me. I can add and subtract numbers of up to three digits.", "Too big.")
    elif kind == 1:
        a, b = rng.randint(13, 999), rng.randint(2, 999)
        a, b = (a, b) if rng.chance(0.7) else (b, a)
        yield Turn(sum_question(rng, a, "*", b), "That is too big for me. I know the times table up to 12.", "Too big.")
    else:
        a, b = rng.randint(2, 999), rng.randint(2, 99)
        yield Turn(rng.choice([f"What is {a} / {b}?", f"{a} / {b}", f"Divide {a} by {b}.", f"How much is {a} / {b}?",
                               f"What is {a} divided by {b}?", f"{a} : {b} = ?"]),
                   "I cannot divide. I can add, subtract and multiply.", "I cannot divide.")


def totals(rng, state):
    """Total of a short list"""
    numbers = fresh(rng, lambda: [rng.randint(1, 9) for _ in range(rng.choice([3, 3, 3, 4]))])
    if rng.chance(0.2):
        numbers = fresh(rng, lambda: [rng.randint(2, 5) * 10 for _ in range(3)])
    steps, total = [], numbers[0]
    for number in numbers[1:]:
        steps.append(f"{total} + {number} = {total + number}")
        total += number
    listed = commas(numbers)
    spoken = commas(numbers[:-1]) + f" and {numbers[-1]}"
    yield Turn(rng.choice([f"What is the total of {listed}?", f"Add these numbers: {listed}", f"Add {spoken}.",
                           f"What is the sum of {spoken}?", f"How much is {spoken} together?",
                           f"What is {' + '.join(map(str, numbers))}?"]),
               " + ".join(map(str, numbers)) + f" = {total}.", f"{total}.", ". ".join(steps) + f". So {total}.")


def compare_trace(a: int, b: int, word: str, result: int) -> str:
    x, y = str(a), str(b)
    if len(x) != len(y):
        return f"{a} has {len(x)} digit{'s' * (len(x) > 1)}, {b} has {len(y)}. So {result} is {word}."
    equal = next(place for place in range(len(x)) if x[place] != y[place])
    pairs = [f"{x[i]} and {y[i]} are equal" for i in range(equal)]
    digit = x[equal] if result == a else y[equal]
    return ". ".join(pairs + [f"{x[equal]} and {y[equal]}: {digit} is {word}"]) + f". So {result} is {word}."


def two_numbers(rng) -> tuple[int, int]:
    top = rng.weighted([(20, 3), (99, 5), (999, 2)])
    return tuple(fresh(rng, lambda: rng.sample(range(top + 1), 2)))


def comparing(rng, state):
    """Which of two is bigger"""
    a, b = two_numbers(rng)
    word = rng.choice(["bigger", "bigger", "smaller", "larger"])
    result = min(a, b) if word == "smaller" else max(a, b)
    yield Turn(rng.choice([f"Which is {word}, {a} or {b}?", f"Which number is {word}, {a} or {b}?",
                           f"What is {word}: {a} or {b}?", f"{a} or {b}: which one is {word}?"]),
               f"{result} is {word} than {a + b - result}.", f"{result}.", compare_trace(a, b, word, result))


def is_bigger(rng, state):
    """Is one number bigger"""
    a, b = two_numbers(rng)
    word = rng.choice(["bigger", "bigger", "smaller", "larger"])
    result = min(a, b) if word == "smaller" else max(a, b)
    yield verdict(rng.choice([f"Is {a} {word} than {b}?", f"Is the number {a} {word} than {b}?"]),
                  f"{result} is {word} than {a + b - result}.", result == a, compare_trace(a, b, word, result))


def extreme(rng, state):
    """Biggest or smallest of a list"""
    numbers = some_numbers(rng, 3, 6)
    word = rng.choice(["biggest", "biggest", "largest", "smallest", "smallest"])
    low = word == "smallest"
    best, steps = numbers[0], [f"{numbers[0]}"]
    for number in numbers[1:]:
        better = number < best if low else number > best
        best = number if better else best
        steps.append(f"{number}: {best}")
    listed = commas(numbers)
    spoken = commas(numbers[:-1]) + f" or {numbers[-1]}"
    yield Turn(rng.choice([f"What is the {word} of these numbers: {listed}?", f"Which number is the {word}: {listed}?",
                           f"Find the {word} number: {listed}", f"Which is the {word}, {spoken}?",
                           f"{listed}. Which of these is the {word}?"]),
               f"The {word} number is {best}.", f"{best}.", f"The {word} so far: {', '.join(steps)}. So {best}.")


def counted(rng, questions, numbers) -> Turn:
    return Turn(rng.choice(questions), commas(numbers) + ".")


def count_up(rng, state):
    """Counting up to a number"""
    n = rng.randint(2, 20)
    yield counted(rng, [f"Count to {n}.", f"Can you count to {n}?", f"Count from 1 to {n}.", f"Count up to {n}.",
                        f"Say the numbers from 1 to {n}.", f"Please count to {n}."], range(1, n + 1))


def count_down(rng, state):
    """Counting down to 1"""
    n = rng.randint(2, 15)
    yield counted(rng, [f"Count down from {n}.", f"Count backwards from {n}.", f"Count from {n} down to 1.",
                        f"Can you count down from {n}?", f"Count down from {n} to 1."], range(n, 0, -1))


def some_span(rng) -> tuple[int, int]:
    low = rng.randint(2, rng.choice([20, 110]))
    return low, low + rng.randint(2, 9)


def count_between(rng, state):
    """Counting from one to another"""
    a, b = fresh(rng, lambda: some_span(rng))
    yield counted(rng, [f"Count from {a} to {b}.", f"Say the numbers from {a} to {b}.",
                        f"Can you count from {a} to {b}?", f"Start at {a} and count to {b}.",
                        f"List the numbers from {a} to {b}."], range(a, b + 1))


def neighbours(rng, state):
    """Number before, after or between"""
    n = rng.randint(1, 30) if rng.chance(0.5) else fresh(rng, lambda: rng.randint(31, 998))
    word, other, step = rng.choice([("after", n + 1, "+"), ("before", n - 1, "-"), ("between", n, "")])
    if word == "between":
        sides = f"between {n - 1} and {n + 1}"
        yield Turn(rng.choice([f"Which number is {sides}?", f"What comes {sides}?"]),
                   f"{sides.capitalize()} comes {n}.", f"{n}.", f"{n - 1} + 1 = {n}. So {n}.")
        return
    yield Turn(rng.choice([f"Which number comes {word} {n}?", f"What comes {word} {n}?", f"What number is {word} {n}?",
                           f"Tell me the number {word} {n}."]),
               f"{word.capitalize()} {n} comes {other}.", f"{other}.", f"{n} {step} 1 = {other}. So {other}.")


def even_odd(rng, state):
    """Even or odd"""
    n = rng.randint(0, 30) if rng.chance(0.4) else fresh(rng, lambda: rng.randint(31, 999))
    truth = "odd" if n % 2 else "even"
    think = f"The last digit is {n % 10}. {n % 10} is {truth}. So {n} is {truth}."
    if rng.chance(0.5):
        yield Turn(rng.choice([f"Is {n} even or odd?", f"Is the number {n} odd or even?", f"Even or odd: {n}?"]),
                   f"{n} is {truth}.", f"{truth.capitalize()}.", think)
        return
    asked = rng.choice(["odd", "even"])
    yield verdict(rng.choice([f"Is {n} {asked}?", f"Is the number {n} {asked}?", f"Is {n} an {asked} number?"]),
                  f"{n} is {truth}.", asked == truth, think)


SKILLS = [(small_sums, 6), (running_sum, 2), (two_digit_addition, 6), (two_digit_subtraction, 5),
          (three_digit_addition, 3), (three_digit_subtraction, 3), (times_table, 5), (beyond, 1), (totals, 2),
          (comparing, 3), (is_bigger, 2), (extreme, 3), (count_up, 3), (count_down, 3), (count_between, 3),
          (neighbours, 3), (even_odd, 2)]
