"""How much of everything the training draws: a mix for each of its two parts.

BROAD teaches all of the world. FINISH goes on from there and practises what BROAD leaves weak, by the evaluation's
tables: looking people up by what they have, saying yes or no, comparing, sorting, tools; much less of what is
learned already, and nothing of sums that a model of this size does not learn.
"""
import dataclasses


@dataclasses.dataclass(frozen=True, eq=False)
class Mix:
    name: str
    kinds: list        # of conversations
    modules: list      # shares of the skills of each module of skills/
    skills: dict       # {module: {skill: weight}}; a module not named here keeps its own weights
    recalling: list    # (module, skill, weight): what the end of a long chat asks for
    tool_kinds: dict   # {function of tool_calls: weight}; empty: their own weights
    seed: int          # of its conversations


BROAD = Mix(
    "broad",
    [("chat", 0.57), ("long chat", 0.09), ("thinking chat", 0.11), ("tools", 0.18), ("thinking tools", 0.05)],
    [("talk", 8), ("facts", 15), ("people", 14), ("village", 7), ("stories", 7), ("numbers", 15), ("problems", 5),
     ("lists", 13), ("words", 13), ("shapes", 8)],
    {},
    [("facts", "recall", 6), ("facts", "told_or_not", 1), ("facts", "check", 1), ("lists", "recall_list", 1)],
    {}, 1000)

FINISH = Mix(
    "finish",
    [("chat", 0.43), ("long chat", 0.05), ("thinking chat", 0.13), ("tools", 0.31), ("thinking tools", 0.08)],
    [("talk", 3), ("facts", 13), ("people", 24), ("village", 4), ("stories", 5), ("numbers", 14), ("problems", 3),
     ("lists", 14), ("words", 10), ("shapes", 10)],
    {
        "facts": {"tell": 2, "tell_several": 1, "recall": 3, "untold": 3, "told_or_not": 3, "update": 2, "check": 6,
                  "summary": 1, "pet": 2, "pet_untold": 0.5, "friend": 5},
        "people": {"who_has": 6, "who_has_turned": 1, "has_what": 1, "who_is_there": 6, "where": 1, "likes": 4, "check": 4, "recall": 3,
                   "untold": 5, "everything": 1.5, "gives": 0.7, "goes": 0.7},
        "village": {"about": 0.7, "fact": 1, "who": 1, "check": 4, "everybody": 0.2, "stranger": 0.7},
        "stories": {"story": 1, "another": 0.3, "asked_story": 3, "asked_often": 1, "asked_later": 1, "poem": 0.3},
        "numbers": {"small_sums": 3, "running_sum": 1, "two_digit_addition": 6, "two_digit_subtraction": 7,
                    "times_table": 2, "beyond": 0.7, "comparing": 5, "is_bigger": 5, "extreme": 5, "count_up": 1,
                    "count_down": 1, "count_between": 1, "neighbours": 1, "even_odd": 5},
        "lists": {"repeat_list": 4, "reverse_short": 2, "reverse_long": 4, "sort_words": 6, "sort_numbers": 6,
                  "nth": 3, "next_item": 5, "how_many": 4, "is_in": 6, "join_lists": 1, "say_times": 3,
                  "tell_list": 0.7, "recall_list": 1.5, "no_list": 0.4, "add_to_list": 1.5, "remove_from_list": 5,
                  "about_list": 4},
        "words": {"spelling": 5, "count_letters": 3, "count_one_letter": 3, "end_letter": 5, "alphabet": 2,
                  "opposites": 0.7, "calendar": 1, "quantities": 0.5, "sounds": 0.3, "thing_colour": 0.5,
                  "is_colour": 3, "can_it": 2, "is_kind": 3, "which_kind": 1, "repeat_sentence": 1,
                  "say_hello_to": 0.3},
        "shapes": {"record_as_json": 3, "stated_as_json": 7, "like_example": 3, "like_filled_example": 5,
                   "list_as_json": 3, "truth_of_two": 3, "truth_known": 3, "sum_as_json": 2, "several_objects": 0.7,
                   "missing_is_null": 3, "told_earlier": 1, "about_me": 1},
    },
    [("facts", "recall", 4), ("facts", "pet", 3), ("facts", "friend", 2), ("facts", "told_or_not", 1),
     ("facts", "check", 1), ("lists", "recall_list", 1)],
    {"one_call": 20, "tool_result": 7, "several_values": 10, "two_tools": 12, "several_rounds": 6, "next_value": 4,
     "earlier_value": 11, "missing_value": 7, "missing_value_given": 5, "no_tool_needed": 8, "no_tool_fits": 12},
    5000)
