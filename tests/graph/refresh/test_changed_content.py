"""What each changed file, model, prompt, import or version of code makes out of date, as `acecoder plan` says."""

import json
import shutil
from dataclasses import dataclass, replace

import pytest

from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.models import MODELS
from acecoder_dagster.graph.refresh import planning
from acecoder_dagster.graph.steps import key_parts
from acecoder_dagster.paths import PACKAGE
from tests.graph.imports import PROGRAMS_BEFORE, QUESTIONS_BEFORE, program, question
from tests.graph.refresh.projects import (
    EVERYTHING_OF_OURS,
    MODELS_OF_OTHERS,
    PROMPTED,
    after,
    bring,
    collect,
    make_everything,
    opened,
    planned,
    with_setting,
)

TAKEN_AGAIN = ("seed_functions", "questions", "candidate_tests", "sampled_programs", "acecode_dataset")
"""Of an import whose licences changed: copied from it, without any work."""


@dataclass(frozen=True)
class FileChange:
    """A file of a project, what it holds after the change, and which stages are the first that this changes."""

    file: str
    text: str
    first: tuple[str, ...]


@pytest.mark.parametrize(
    "change",
    [
        FileChange("policy/model.safetensors", "other", ("sampled_programs", "policy_rule", "policy_reward_model")),
        FileChange("policy/chat_template.jinja", "other", ("sampled_programs", "policy_rule", "policy_reward_model")),
        FileChange("policy/README.md", "words", ()),
        FileChange("backbone/model.safetensors", "other", ("reward_model",)),
        FileChange("oracle/chat_template.jinja", "other", ("oracle_programs",)),
        FileChange("benchmark.jsonl", json.dumps(question(78)) + "\n", ("seed_functions",)),
    ],
    ids=lambda change: change.file,
)
def test_a_file_of_a_model_or_benchmark_counts_by_its_content(changed, change):
    folder = changed(MODELS_OF_OTHERS)
    make_everything(opened(folder))
    (folder / change.file).write_text(change.text)

    assert planned(opened(folder)) == after(opened(folder), *change.first)


@pytest.mark.parametrize("model", [model.name for model in MODELS])
@pytest.mark.parametrize("damage", ["deleted", "overwritten"])
def test_a_model_whose_weights_are_gone_or_others_is_trained_again(changed, model, damage):
    project = opened(changed())
    weights = project.home.artifacts.current(model).folder / "model.safetensors"
    weights.unlink() if damage == "deleted" else weights.write_text("others")

    assert planned(project) == after(project, model)


def test_the_text_of_a_prompt_file_counts_and_its_name_only_where_a_model_keeps_it(made, monkeypatch):
    project = opened(made(EVERYTHING_OF_OURS))
    text = key_parts.template_text(project.settings.prompt)

    monkeypatch.setattr(key_parts, "template_text", lambda name: f"{text} Be brief.")
    assert planned(project) == after(project, *PROMPTED)

    monkeypatch.setattr(key_parts, "template_text", lambda name: text)
    renamed = replace(project, settings=with_setting(project.settings, "prompt", "evalplus"))
    assert planned(renamed) == after(project, "reward_model")


@pytest.mark.parametrize(
    ("file", "first"),
    [
        ("questions/micro/primitives.toml", ("seed_functions", "base_policy")),
        ("questions/test_suites/inputs/usual_texts.txt", ("candidate_tests",)),
    ],
)
def test_data_shipped_with_the_code_counts_by_its_content(made, tmp_path, monkeypatch, file, first):
    project = opened(made(EVERYTHING_OF_OURS))
    shutil.copytree(PACKAGE, tmp_path / "package", ignore=shutil.ignore_patterns("*.py", "*.pyc"))
    monkeypatch.setattr(key_parts, "PACKAGE", tmp_path / "package")
    shipped = tmp_path / "package" / file

    shipped.write_text(shipped.read_text() + ("\n# Words.\n" if file.endswith(".toml") else ""))
    assert planned(project) == set()
    added = '[[primitive]]\nname = "more"\n' if file.endswith(".toml") else "more\n"
    shipped.write_text(shipped.read_text() + added)
    assert planned(project) == after(project, *first)


def test_a_raised_code_version_makes_its_stage_and_what_follows_out_of_date(made, monkeypatch):
    project = opened(made(EVERYTHING_OF_OURS))
    raised = tuple(replace(stage, code_version="99") if stage.name == "test_results" else stage for stage in STAGES)
    monkeypatch.setattr(planning, "STAGES", raised)

    assert planned(project) == after(project, "test_results")


def test_other_licences_of_an_import_travel_without_any_work(changed):
    folder = changed()
    bring(folder, [each | {"licence": "MIT"} for each in QUESTIONS_BEFORE], PROGRAMS_BEFORE)

    assert planned(opened(folder)) == set(TAKEN_AGAIN)


def test_other_splits_of_an_import_change_what_goes_by_the_split_and_execute_nothing(changed):
    folder = changed()
    bring(folder, [each | {"split": "test"} for each in QUESTIONS_BEFORE], PROGRAMS_BEFORE)
    by_split = ("preference_pairs", "hard_questions", "program_scores", "policy_programs", "best_of_n")

    found = planned(opened(folder))

    assert found == set(TAKEN_AGAIN) | after(opened(folder), *by_split, "policy_results", "benchmark_scores")
    assert not {"oracle_programs", "oracle_results", "filtered_tests", "test_results", "test_quality"} & found


def test_another_licence_of_a_collection_travels_too(changed):
    folder = changed()
    collect(folder, licence="MIT")

    assert planned(opened(folder)) == {"seed_functions", "questions", "acecode_dataset"}


def test_one_other_program_of_an_import_is_judged_and_all_that_counts_it_is_made_anew(changed):
    folder = changed()
    bring(folder, QUESTIONS_BEFORE, [*PROGRAMS_BEFORE[:-1], program(3, "3 * x", 1)])

    again = {"seed_functions", "questions", "candidate_tests", "sampled_programs"}
    assert planned(opened(folder)) == again | after(opened(folder), "sampled_programs")


def test_the_same_rows_in_another_file_change_nothing_behind_the_import(changed):
    folder = changed()
    bring(folder, reversed(QUESTIONS_BEFORE), PROGRAMS_BEFORE)

    again = {"seed_functions", "questions", "candidate_tests", "sampled_programs"}
    assert planned(opened(folder)) <= again | {"acecode_dataset"}
