from acecoder_dagster.questions.importing.editions import edition_groups


def test_questions_with_the_same_function_or_the_same_words_are_one_group():
    groups = edition_groups(
        ["is_prime", "isPrime", "check", "other", "lone"],
        ["Is it prime?", "Tell if n is prime.", "Tell  if n\nis prime.", "Something else", "Alone"],
    )

    assert groups[0] == groups[1] == groups[2]
    assert len({groups[0], groups[3], groups[4]}) == 3


def test_a_name_that_is_a_convention_or_missing_makes_no_editions():
    many = edition_groups(["task_func"] * 11 + [""] * 3, [f"Do {number}." for number in range(12)] + ["Do 11.", "End"])

    assert len(set(many)) == 13
    assert many[11] == many[12]


def test_groups_do_not_depend_on_the_order_of_questions():
    entry_points, questions = ["b", "a", "c"], ["x", "y", "x"]

    forward = edition_groups(entry_points, questions)

    assert edition_groups(entry_points[::-1], questions[::-1]) == forward[::-1]
