import polars as pl

from acecoder_dagster.learning.preference import preference_groups


def test_every_distinct_program_of_a_question_stands_once_and_pairs_point_to_it():
    programs = pl.DataFrame({"program_id": ["a", "b", "c", "same as a"], "program": ["A", "B", "C", "A"]})
    pairs = pl.DataFrame(
        {
            "question_id": ["q", "q", "q"],
            "chosen_program_id": ["a", "a", "same as a"],
            "rejected_program_id": ["b", "c", "b"],
            "chosen_pass_rate": [1.0, 1.0, 1.0],
            "rejected_pass_rate": [0.5, 0.25, 0.5],
            "weight": [1.0, 0.5, 0.25],
        }
    )
    prompts = pl.DataFrame({"question_id": ["q", "without pairs"], "prompt": ["# q", "# other"]})

    (group,) = preference_groups(pairs, programs, prompts).to_dicts()

    assert group["prompt"] == "# q"
    assert group["programs"] == ["A", "B", "C"]
    named = [
        (group["programs"][chosen], group["programs"][rejected], weight, margin)
        for chosen, rejected, weight, margin in zip(
            *(group[name] for name in ("chosen", "rejected", "weights", "margins")), strict=True
        )
    ]
    assert sorted(named) == [("A", "B", 0.25, 0.5), ("A", "B", 1.0, 0.5), ("A", "C", 0.5, 0.75)]
