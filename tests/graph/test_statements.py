"""What a stage states is what Dagster, its content key and its body go by."""

import re
from collections.abc import Iterator

import dagster as dg
import pytest

from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.data.tables import ALL_TABLES, HARD_QUESTIONS, ORACLE_RESULTS, QUESTIONS, SEED_FUNCTIONS, Table
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.building import build_asset, build_assets
from acecoder_dagster.graph.inputs import same_batch
from acecoder_dagster.graph.keys import MissingInputError, is_current, stage_key
from acecoder_dagster.graph.models import BASE_POLICY, MODELS
from acecoder_dagster.graph.partitions import benchmarked_models, register_batches, seed_batches
from acecoder_dagster.graph.resources import OpenProject, Project
from acecoder_dagster.graph.stages import Stage, StageRows, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.paths import project_folder
from tests.evaluation.benchmarks.made_data import EVALPLUS, own_protocol, write_lines
from tests.graph.imports import small_project
from tests.rows import rows

BATCH = "procedural-000"
CALIBRATION = "procedural-001"
PAIR = "policy_rule|own/plus"
SETTINGS = """
[quality]
batches = ["procedural-001"]
"""
BENCHMARKS = """
[benchmarks]
suite = ["{folder}/plus.toml"]
data = "{folder}"
models = [{{ model = "policy_rule" }}]
"""
BATCHES = {None: (UNPARTITIONED,), seed_batches: (BATCH, CALIBRATION), benchmarked_models: (PAIR,)}
KEYED = [stage for stage in STAGES if stage.makes]


@pytest.fixture(params=["", '[base_policy]\ncorpus = "questions"\n', '[questions]\nwriter = "endpoint"\n'])
def project(tmp_path, request) -> OpenProject:
    """A project under several settings in which every table and every model is there."""
    write_lines(tmp_path / "HumanEvalPlus.jsonl", EVALPLUS)
    own_protocol(tmp_path, "plus", "paper/humaneval+", len(EVALPLUS))
    made = small_project(tmp_path, SETTINGS + request.param + BENCHMARKS.format(folder=tmp_path)).open()
    for table in ALL_TABLES:
        stage = next(stage for stage in STAGES if stage.name == table.name)
        for batch in BATCHES[stage.partitions]:
            made.lake.write(table, batch, table.empty(), content_key="before")
    for model in MODELS:
        made.home.artifacts.working_folder(model.name, "before")
        made.home.artifacts.finish(model.name, "before", {})
    return made


def batch_of(stage: Stage) -> str:
    return BATCHES[stage.partitions][0]


def keys_after_changes(project: OpenProject, stage: Stage) -> Iterator[tuple[str, str]]:
    """Change everything in turn; yield what was changed and the key that the stage has then."""
    for table in ALL_TABLES:
        for partition in project.lake.partitions(table):
            project.lake.write(table, partition.batch, rows(table, {}), content_key="after")
        yield table.name, stage_key(project, stage, batch_of(stage))
        for partition in project.lake.partitions(table):
            project.lake.write(table, partition.batch, table.empty(), content_key="before")
    for model in MODELS:
        project.home.artifacts.working_folder(model.name, "after")
        project.home.artifacts.finish(model.name, "after", {})
        yield model.name, stage_key(project, stage, batch_of(stage))
        project.home.artifacts.finish(model.name, "before", {})


def test_a_key_changes_with_each_stated_input_and_with_nothing_else(project):
    for stage in KEYED:
        before = stage_key(project, stage, batch_of(stage))

        changed = {name for name, key in keys_after_changes(project, stage) if key != before}

        assert changed == {each.name for each in stage.inputs(project.settings)}, stage.name


def test_what_an_unsealed_pass_counts_is_in_the_keys_of_exactly_those_that_count_passes(project):
    tests = project.settings.tests.model_copy(update={"unsealed_passes": "count"})
    other = OpenProject(project.home, project.settings.model_copy(update={"tests": tests}))

    changed = [
        stage.name
        for stage in KEYED
        if stage_key(project, stage, batch_of(stage)) != stage_key(other, stage, batch_of(stage))
    ]

    assert changed == [
        "acecode_dataset",
        "preference_pairs",
        "hard_questions",
        "policy_rule",
        "policy_reward_model",
        "best_of_n",
        "benchmark_scores",
    ]


def test_dagster_waits_for_exactly_what_is_stated(project):
    assets, resources = build_assets(STAGES, project.settings), {"project": Project(root="", profile="")}
    graph = dg.Definitions(assets=assets, resources=resources).resolve_asset_graph()

    for stage in STAGES:
        parents = graph.get(dg.AssetKey(stage.name)).parent_keys
        stated = {each.name for each in stage.inputs(project.settings)} | set(stage.waits_for)
        assert {key.to_user_string() for key in parents} == stated


def test_stages_stand_after_all_that_they_read_or_wait_for(project):
    names = [stage.name for stage in STAGES]

    for place, stage in enumerate(STAGES):
        assert set(stage.upstream(project.settings)) <= set(names[:place]), stage.name


def test_a_missing_input_is_named_unless_the_stage_can_do_without(project):
    for stage in KEYED:
        for each in stage.inputs(project.settings):
            if not isinstance(each.of, Table):
                continue
            partitions = project.lake.partitions(each.of)
            for partition in partitions:
                project.lake.withdraw(each.of, partition.batch)
            if each.may_be_missing:
                stage_key(project, stage, batch_of(stage))
            else:
                with pytest.raises(MissingInputError, match=f"{each.name} is not there yet"):
                    stage_key(project, stage, batch_of(stage))
                assert not is_current(project, stage, batch_of(stage))
            for partition in partitions:
                project.lake.write(each.of, partition.batch, each.of.empty(), content_key="before")


def test_programs_are_sampled_beside_the_tests_and_neither_waits_for_the_other(tmp_path):
    assets = build_assets(STAGES, small_project(tmp_path, "").open().settings)

    def upstream(name: str) -> set[str]:
        return {key.to_user_string() for key in dg.AssetSelection.assets(name).upstream().resolve(assets)}

    assert "filtered_tests" not in upstream("sampled_programs")
    assert "sampled_programs" not in upstream("filtered_tests")
    assert {"filtered_tests", "sampled_programs"} <= upstream("test_results")


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda step: step.read(QUESTIONS, BATCH), "reads the table questions"),
        (lambda step: step.project.lake.read(QUESTIONS), "reads the table questions"),
        (lambda step: step.project.lake.current(HARD_QUESTIONS), "reads the table hard_questions"),
        (lambda step: step.model(BASE_POLICY), "reads the model base_policy"),
        (lambda step: step.project.home.artifacts.current("reward_model"), "reads the model reward_model"),
    ],
)
def test_reading_what_is_not_stated_fails_the_step_and_names_stage_and_table(tmp_path, instance, read, told):
    project = small_project(tmp_path, "")
    opened = project.open()
    for table in (SEED_FUNCTIONS, QUESTIONS):
        opened.lake.write(table, BATCH, table.empty(), content_key="k")

    @table_stage(
        ORACLE_RESULTS,
        reads=same_batch(SEED_FUNCTIONS),
        code_version="1",
        partitions=seed_batches,
        group="tests",
        kinds={"parquet"},
    )
    def oracle_results(step: Step) -> Iterator[tuple[str, StageRows]]:
        """A stage that reads more than it states."""
        assert step.read(SEED_FUNCTIONS, BATCH).is_empty()
        read(step)
        yield BATCH, StageRows(ORACLE_RESULTS.empty(), 0)

    register_batches(instance, [BATCH])
    done = dg.materialize(
        [build_asset(oracle_results, opened.settings)],
        partition_key=BATCH,
        instance=instance,
        resources={"project": project},
        raise_on_error=False,
    )

    (failure,) = done.get_step_failure_events()
    assert f"stage oracle_results {told}, but does not state it" in failure.step_failure_data.error_display_string
    assert opened.lake.current(ORACLE_RESULTS, BATCH) is None


def test_a_stage_may_not_both_read_and_wait_for_the_same():
    questions = next(stage for stage in STAGES if stage.name == "questions")

    with pytest.raises(AssertionError, match=r"reads \{'questions'\}, so it need not wait"):

        @table_stage(
            HARD_QUESTIONS,
            reads=same_batch(QUESTIONS),
            waits_for=(questions,),
            code_version="1",
            group="tables",
            kinds={"parquet"},
        )
        def hard_questions(step: Step) -> Iterator[tuple[str, StageRows]]:
            """States one thing twice."""
            yield from ()


def test_the_exported_data_set_reads_only_stated_tables():
    (stage,) = (each for each in STAGES if each.name == "acecode_dataset")
    sql = (project_folder("sql") / "exports" / "acecode_dataset.sql").read_text()

    assert set(re.findall(r"\blake\.(\w+)", sql)) == {each.name for each in stage.reads}
