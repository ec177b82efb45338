"""Every command that README and documentation show is tried: typed as it stands, typed smaller, or tested elsewhere.

A shown command that none of the tables below has fails the first test.
"""

import re
import shlex
import subprocess
from pathlib import Path

import polars as pl
import pytest
import typer

from acecoder_dagster.cli.main import app
from tests.docs.shown import ROOT, bash_blocks, blocks, commands
from tests.docs.stories import STORIES, type_in, with_examples

TESTED_ELSEWHERE = {
    "acecoder demo": "tests/graph/test_whole_pipeline.py::test_the_demo_ends_with_stages_and_results",
    "acecoder demo --seed 1": "tests/graph/test_whole_pipeline.py::test_the_demo_ends_with_stages_and_results",
    "ACECODER_HOME=seed1 acecoder demo --seed 1": (
        "tests/graph/test_whole_pipeline.py::test_the_demo_ends_with_stages_and_results"
    ),
    "acecoder convert-rm AceCodeRM-7B -o reward_model": (
        "tests/learning/reward_model/test_conversion.py::test_scores_are_the_originals_minus_the_bias"
    ),
    "acecoder convert-gguf model.gguf -o model": (
        "tests/learning/test_gguf_files.py::test_the_folder_is_a_plain_model_with_the_weights_of_the_file"
    ),
    "acecoder import --name humaneval --questions humaneval.parquet --programs humaneval_programs.parquet --split hash "
    "--profile examples/pretrained.toml": "tests/graph/test_real_models.py",
    "acecoder import --name mbpp --questions mbpp.parquet --split hash --test-share 0.2 "
    "--profile examples/pretrained.toml": "tests/graph/test_real_models.py",
    "acecoder run --profile examples/pretrained.toml": "tests/graph/test_real_models.py",
    "acecoder run policy_reward_model rollouts training_curves warehouse --profile examples/hacking.toml "
    "--other-settings": ("tests/learning/policy/test_reward_hacking.py"),
    "acecoder train-rl questions.jsonl -o policy --policy Qwen/Qwen2.5-Coder-1.5B-Instruct --profile local": (
        "tests/cli/test_train_rl.py"
    ),
    "acecoder train-rl questions.jsonl -o policy2 --policy Qwen/Qwen2.5-Coder-1.5B-Instruct "
    "--reward-model reward_model --profile local": "tests/learning/policy/test_training.py",
    "acecoder import --name acecode --questions hf://TIGER-Lab/AceCode-87K --without-programs --profile local": (
        "tests/graph/test_real_models.py"
    ),
    "acecoder run --profile local": "tests/graph/test_real_models.py",
    "acecoder import --name acecode --questions hf://TIGER-Lab/AceCode-87K --without-programs --profile paper": (
        "tests/graph/test_real_models.py"
    ),
    "acecoder run --profile paper": "tests/graph/test_real_models.py",
    "acecoder run reward_model --profile paper_32b": (
        "tests/graph/test_real_models.py::test_the_papers_larger_reward_model_is_trained_without_the_rest"
    ),
    "acecoder eval Qwen/Qwen2.5-Coder-7B-Instruct --suite paper --only humaneval+,mbpp+ --data benchmarks -o scores": (
        "tests/cli/test_evaluate.py::test_a_model_is_asked_and_its_scores_are_shown"
    ),
    "acecoder eval model --suite paper --only he+,mb+ --n 16 --reward-model reward_model --data benchmarks -o best": (
        "tests/evaluation/benchmarks/test_best_of_programs.py::test_the_program_with_the_highest_score_is_chosen"
    ),
    "acecoder eval my-model --endpoint http://localhost:8000/v1 --suite paper --only he+,mb+ --data benchmarks "
    "-o served": ("tests/cli/test_evaluate.py::test_a_model_behind_an_endpoint_is_asked"),
    "acecoder eval my-model --endpoint http://localhost:8000/v1 --tokenizer model --suite humaneval+ --data benchmarks "
    "-o exact": (
        "tests/evaluation/benchmarks/test_answering.py::test_an_endpoint_reads_the_tokens_of_a_tokenizer_that_is_named"
    ),
    "acecoder eval --programs samples.jsonl --suite humaneval+ --data benchmarks -o scores": (
        "tests/cli/test_evaluate.py::test_scores_of_samples_are_shown_and_written"
    ),
    "acecoder run --batch 'policy_rule|paper/humaneval+'": (
        "tests/graph/assets/test_benchmarks.py::test_named_pairs_are_evaluated_and_nothing_else_is_run"
    ),
    "acecoder query leaderboard": (
        "tests/graph/assets/test_benchmarks.py::"
        "test_the_leaderboard_has_a_row_for_each_model_and_a_column_for_each_benchmark"
    ),
    "acecoder batches remove 'policy_rule|paper/humaneval+'": (
        "tests/graph/assets/test_benchmarks.py::test_pairs_that_are_named_no_more_are_ignored_and_can_be_removed"
    ),
    "ACECODER_HOME=s3://my-bucket/my-project acecoder run": (
        "tests/graph/test_object_store.py::test_a_machine_goes_on_from_what_another_computed"
    ),
    "acecoder judge examples/judge/questions.jsonl examples/judge/programs.jsonl -o verdicts.parquet --cluster auto": (
        "tests/judge/cluster/test_cluster.py::test_after_the_death_of_the_command_the_next_one_goes_on"
    ),
    'acecoder query "SELECT stage, batch, judging_nodes FROM runs WHERE judging_nodes IS NOT NULL"': (
        "tests/graph/assets/test_judging_on_a_cluster.py::test_the_speed_of_each_node_is_in_the_table_of_runs"
    ),
    "acecoder plan --cluster '8 x 16 cores'": (
        "tests/graph/assets/test_judging_on_a_cluster.py::test_a_plan_says_what_a_cluster_would_judge"
    ),
    "acecoder serve": "tests/cli/test_serve.py::test_by_default_only_this_machine_is_listened_to",
    "docker compose -f containers/compose.yaml up --build --detach --wait": "tests/containers/test_compose.py",
    "docker compose -f containers/compose.yaml down": "tests/containers/test_compose.py",
    "docker compose -f containers/compose.yaml exec code-location acecoder query": (
        "tests/containers/test_compose.py::test_data_is_brought_in_and_asked_for_by_commands"
    ),
    "docker compose -f containers/compose.yaml exec -T code-location "
    "sh -c 'mkdir -p /project/inbox && cat > /project/inbox/problems.jsonl' < problems.jsonl": (
        "tests/containers/test_compose.py::test_data_is_brought_in_and_asked_for_by_commands"
    ),
    "docker compose -f containers/compose.yaml -f containers/compose.runs.yaml up --build --detach --wait": (
        "tests/containers/test_operating.py::test_what_ends_one_run_ends_no_other"
    ),
    "docker compose -f containers/compose.yaml -f containers/compose.proxy.yaml up --build --detach --wait": (
        "tests/containers/test_operating.py::test_the_page_is_shown_over_tls_to_those_who_log_in"
    ),
    "openssl passwd -6 | sed 's/^/ada:/' > containers/secrets/users": (
        "tests/containers/test_operating.py::test_the_page_is_shown_over_tls_to_those_who_log_in"
    ),
} | {
    command: "tests/containers/test_operating.py::test_after_an_upgrade_and_a_restored_copy_the_answers_are_the_same"
    for block in bash_blocks("docs/guides/upgrades.md")
    for command in block
    if command.startswith("docker compose ")
}
"""Commands that need half an hour, a model of gigabytes, or containers, and the test that does the same."""

OF_THE_SHELL = {
    "source .venv/bin/activate",
    "git pull",
    "git pull && make install",
    "bash .ci/run",
    ".venv/bin/pre-commit install",
    "mkdir --mode 700 containers/secrets",
    "openssl rand -hex 16 > containers/secrets/POSTGRES_PASSWORD",
    "sed --quiet 's/^POSTGRES_PASSWORD=//p' containers/.env > containers/secrets/POSTGRES_PASSWORD",
    'echo "DOCKER_GROUP=$(stat --format %g /var/run/docker.sock)" >> containers/.env',
}
"""Nothing of ours is in them but files, which have to be there."""

TYPED = {step.shown: step for story in STORIES.values() for step in story.steps}
SHOWN = {command.replace(".venv/bin/acecoder", "acecoder") for command in commands()}
MAKE = sorted(command for command in SHOWN if command.startswith("make "))
INSTALLS = sorted(command for command in SHOWN if command.startswith("pip install"))
PYTESTS = sorted(command for command in SHOWN if "python -m pytest" in command)
BENCHMARKS = sorted(command for command in SHOWN if command.startswith("python -m benchmarks."))
ACECODER = sorted(command for command in SHOWN if re.match(r"([A-Z_]+=\S+ )*acecoder ", command))
NAMED_ONLY = {"acecoder run", "acecoder import", "acecoder seeds", "acecoder judge", "acecoder import --only-check"}
"""Commands that the text speaks of without what they need."""


def test_every_shown_command_is_tried():
    tried = {*TYPED, *TESTED_ELSEWHERE, *OF_THE_SHELL, *MAKE, *INSTALLS, *PYTESTS, *BENCHMARKS, *NAMED_ONLY}

    assert SHOWN - tried == set(), "add them to a story of tests/docs/stories.py, or say which test tries them"
    assert {*TYPED, *TESTED_ELSEWHERE, *OF_THE_SHELL, *NAMED_ONLY} - SHOWN - {"acecoder sandbox build"} == set(), (
        "no page shows these any more"
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What came of the commands of a story; each story is told once."""
    known: dict[str, tuple[Path, dict[str, subprocess.CompletedProcess[str]]]] = {}

    def tell(name: str) -> tuple[Path, dict[str, subprocess.CompletedProcess[str]]]:
        if name not in known:
            folder = tmp_path_factory.mktemp("story")
            known[name] = folder, STORIES[name].tell(folder)
        return known[name]

    return tell


@pytest.mark.parametrize(
    ("story", "shown"), [(name, step.shown) for name, story in STORIES.items() for step in story.steps]
)
def test_a_command_that_is_typed_ends_as_it_should(told, story, shown):
    done = told(story)[1][shown]

    assert done.returncode == TYPED[shown].code, done.stdout
    assert "Traceback" not in done.stdout


def test_questions_from_three_installed_packages_go_through_the_whole_graph(told):
    folder, said = told("questions from code")

    assert "Every asset and check succeeded" in said["acecoder run --profile examples/standard_library.toml"].stdout
    kept = type_in(folder, 'acecoder query "SELECT count(*) AS n FROM tests WHERE kept" --format json')
    assert '"n"' in kept.stdout
    assert (folder / ".acecoder" / "report.html").is_file()
    assert (folder / ".acecoder" / "report.md").is_file()


def test_models_that_no_program_is_of_are_named_before_anything_is_run(told):
    folder, said = told("own questions")
    (quality,) = (done.stdout for shown, done in said.items() if shown.startswith("acecoder quality"))

    assert "it has programs of one, other" in quality.lower()
    assert not (folder / "quality" / "lake").exists()


def test_what_is_written_is_what_the_pages_say(told):
    folder, _ = told("questions from code")

    assert pl.read_parquet(folder / "outcomes.parquet").height > 0
    assert (folder / "published" / "README.md").is_file()


@pytest.mark.parametrize("command", ACECODER)
def test_a_shown_command_has_the_options_that_are_shown(command):
    words = [word for word in shlex.split(command) if not re.match(r"^[A-Z_]+=", word)][1:]
    group = typer.main.get_command(app)
    if command in NAMED_ONLY:
        assert words[0] in group.commands
        return
    _parse(group, words)


def _parse(command, words: list[str]) -> None:
    """Read the words as the command does; what it does not know raises."""
    with command.make_context("acecoder", list(words)) as context:
        if hasattr(command, "commands"):
            name, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
            assert name
            _parse(below, rest)


@pytest.mark.parametrize("command", MAKE)
def test_a_shown_target_is_in_the_makefile(command):
    done = subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", INSTALLS)
def test_a_shown_installation_names_extras_that_exist(command):
    package, _, extra = shlex.split(command)[-1].partition("[")
    project = (ROOT / "pyproject.toml").read_text()

    assert f'name = "{package}"' in project
    assert not extra or re.search(rf"^{extra.rstrip(']')} = \[", project, re.MULTILINE)


@pytest.mark.parametrize("command", PYTESTS)
def test_shown_tests_are_there(command):
    path = next(word for word in command.split() if word.startswith("tests/"))
    _, _, chosen = command.partition(" -k ")

    assert (ROOT / path).exists()
    assert not chosen or re.search(rf"def test_\w*{chosen}", (ROOT / path).read_text())


@pytest.mark.parametrize("command", BENCHMARKS)
def test_a_shown_benchmark_is_there(command):
    """That it runs is what tests/test_benchmarks.py tests."""
    name = command.split()[2]

    assert (ROOT / name.replace(".", "/") / "__main__.py").is_file()


@pytest.mark.parametrize("test", sorted(set(TESTED_ELSEWHERE.values())))
def test_the_test_that_stands_for_a_command_is_there(test):
    path, _, name = test.partition("::")

    assert f"def {name or 'test_'}" in (ROOT / path).read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/guides/judge.md"])
def test_the_python_example_of_judging_runs(page, tmp_path):
    (example,) = (block.text for block in blocks("python") if block.page == page)
    with_examples(tmp_path)

    done = type_in(tmp_path, f"python -c {shlex.quote(example)}")

    assert done.stdout.startswith("5 of 10 passed;"), done.stdout
    verdicts = pl.read_parquet(tmp_path / "verdicts.parquet")
    assert verdicts["verdict"].to_list() == [
        "passed", "failed", "crashed", "passed", "failed", "passed", "failed", "passed", "cpu_timeout", "passed",
    ]  # fmt: skip


def test_the_python_example_of_scoring_runs(told):
    (example,) = (block.text for block in blocks("python") if block.page == "docs/guides/train.md")
    folder, _ = told("trainings by themselves")

    done = type_in(folder, f"python -c {shlex.quote(example)}")

    assert done.returncode == 0, done.stdout
    assert "score" in done.stdout
