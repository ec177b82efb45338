"""Which models are evaluated on which benchmarks."""

import pytest

from acecoder_dagster.settings import Settings, SettingsError, read_settings


def partitions(tmp_path, text: str) -> list[str]:
    profile = tmp_path / "profile.toml"
    profile.write_text(f'extends = "micro"\n[benchmarks]\n{text}\n')
    return list(read_settings(str(profile)).benchmarks.partitions)


def test_without_models_there_is_nothing_to_evaluate():
    assert not Settings().benchmarks.partitions


def test_every_model_is_paired_with_every_benchmark_of_all_suites(tmp_path):
    (tmp_path / "folder").mkdir()
    text = f"""
suite = ["humaneval+", "upstream/mbpp", "livecodebench-v6@2024-08-01.."]
models = [
    {{ model = "policy_rule" }},
    {{ model = "owner/name@v1", style = "r1" }},
    {{ model = "owner/name@v2", name = "newer" }},
    {{ model = "{tmp_path}/folder" }},
]
"""

    found = partitions(tmp_path, text)

    benchmarks = ["paper/humaneval+", "upstream/mbpp", "paper/livecodebench-v6@2024-08-01.."]
    models = ["policy_rule", "owner/name", "newer", "folder"]
    assert found == [f"{model}|{benchmark}" for model in models for benchmark in benchmarks]


def test_the_suite_of_the_paper_is_usual(tmp_path):
    assert len(partitions(tmp_path, 'models = [{ model = "policy_rule" }]')) == 9


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('models = [{ model = "m" }]\nsuite = ["humanevil"]', "benchmarks: .*there is no benchmark humanevil"),
        ('models = [{ model = "m", style = "old" }]', "benchmarks: .*m: paper/humaneval has no style old; it has chat"),
        ('models = [{ model = "m" }, { model = "m", style = "r1" }]', "two models are called m: give one of them"),
        ('models = [{ model = "two words" }]', "this cannot name a partition.*give the model another name"),
        ('models = [{ model = "a...b" }]', "this cannot name a partition"),
        (f'models = [{{ model = "{"m" * 90}" }}]', "no longer than 100"),
        ('models = [{ model = "m", kind = "chat" }]', "benchmarks.models.kind: unknown key; .* model, style, name"),
    ],
)
def test_a_wrong_name_is_an_error_that_says_what_to_do(tmp_path, text, told):
    with pytest.raises(SettingsError, match=told):
        partitions(tmp_path, text)
