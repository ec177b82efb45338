"""The base policy that imitates the project's own questions: what it is trained on, and when it is trained anew."""

import dagster as dg
import polars as pl
import pytest

from acecoder_dagster.definitions import build_definitions
from acecoder_dagster.graph.assets import base_policy
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.refresh.planning import plan_refresh
from tests.graph.imports import BATCH, SYNTHESIS, bring, materialize, program, question, small_project

SMALLEST = """
[base_policy]
corpus = "{corpus}"
corpus_programs = 100
[base_policy.scratch]
vocabulary_size = 512
context_length = 512
hidden_size = 32
layers = 1
attention_heads = 1
feed_forward_size = 32
[base_policy.supervised]
processes = 1
"""


def of_split(number, split, **columns):
    return question(number) | {"split": split} | columns


QUESTIONS = [
    of_split(0, "train"),
    of_split(1, "train", reference_program="def scale(x):\n    return x + x\n"),
    of_split(2, "train", tests=["assert scale(1) == 2"]),
    of_split(3, "validation"),
    of_split(4, "test"),
]


@pytest.fixture
def train(tmp_path, instance):
    """Imports questions, makes their tests and trains a base policy; returns the figures and what it read."""

    def run(questions, corpus="questions"):
        project = small_project(tmp_path, SMALLEST.format(corpus=corpus))
        bring(project, tmp_path, questions, [program(4)])
        register_batches(instance, [BATCH])
        materialize(SYNTHESIS, project, instance, BATCH)
        result = materialize([base_policy], project, instance, None, raise_on_error=False)
        if not result.success:
            return result, None
        figures = result.asset_materializations_for_node("base_policy")[0].metadata
        return figures, pl.read_parquet(project.open().home.artifacts.current("base_policy").folder / "corpus.parquet")

    return run


def test_it_imitates_train_questions_that_have_tests_and_is_trained_anew_when_they_change(train):
    figures, corpus = train(QUESTIONS)

    assert figures["questions"].value == 2
    assert figures["reused"].value is False
    assert corpus.height == 100
    numbers = {prompt.split("number ")[1][0] for prompt in corpus["prompt"]}
    assert numbers == {"0", "1"}
    assert {"def scale(x):\n    return x + x", "def scale(x):\n    return x - x"} <= set(corpus["completion"])

    assert train(QUESTIONS)[0]["reused"].value is True

    figures, corpus = train([*QUESTIONS, of_split(5, "train")])
    assert figures["reused"].value is False
    assert {prompt.split("number ")[1][0] for prompt in corpus["prompt"]} == {"0", "1", "5"}


def test_a_policy_of_the_procedural_corpus_does_not_care_for_the_questions(train):
    first, corpus = train(QUESTIONS, "procedural")
    again, _ = train([*QUESTIONS, of_split(5, "train")], "procedural")

    assert not any("scale" in prompt for prompt in corpus["prompt"])
    assert (first["reused"].value, again["reused"].value) == (False, True)


def test_without_a_train_question_that_has_a_reference_program_it_says_what_to_do(train):
    result, _ = train(QUESTIONS[3:])

    failure = result.failure_data_for_node("base_policy")
    assert "None of 2 questions with enough tests is in the train split" in failure.user_failure_data.description
    assert 'set base_policy.corpus = "procedural"' in failure.user_failure_data.description


@pytest.mark.parametrize(
    ("corpus", "upstream"), [("procedural", set()), ("questions", {"questions", "filtered_tests"})]
)
def test_it_waits_for_the_questions_only_where_it_imitates_them(tmp_path, corpus, upstream):
    project = small_project(tmp_path, SMALLEST.format(corpus=corpus))
    definitions = build_definitions(project.open().home, project.profile)
    dg.Definitions.validate_loadable(definitions)

    parents = definitions.resolve_asset_graph().get(dg.AssetKey("base_policy")).parent_keys

    assert {key.to_user_string() for key in parents} == upstream


@pytest.mark.parametrize(("corpus", "new"), [("procedural", False), ("questions", True)])
def test_a_plan_trains_it_anew_where_the_questions_that_it_imitates_change(tmp_path, train, corpus, new):
    train(QUESTIONS, corpus)
    project = small_project(tmp_path, SMALLEST.format(corpus=corpus))
    assert "base_policy" not in {stage.stage for stage in plan_refresh(project.open(), [BATCH])}

    bring(project, tmp_path, [*QUESTIONS, of_split(5, "train")], [program(4)])

    assert ("base_policy" in {stage.stage for stage in plan_refresh(project.open(), [BATCH])}) is new
