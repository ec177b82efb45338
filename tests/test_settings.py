from pathlib import Path

import pytest

from acecoder_dagster.settings import SettingsError, list_settings, read_settings, shipped_profiles

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def profile(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "own.toml"
        path.write_text(text)
        return str(path)

    return write


def test_the_shipped_profiles_are_valid():
    assert shipped_profiles() == ["local", "micro", "paper", "paper_32b", "paper_general", "paper_r1"]
    for name in shipped_profiles():
        read_settings(name)


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_example_profiles_are_valid(example):
    read_settings(str(example))


def test_an_own_profile_builds_on_another_and_changes_only_what_it_names(profile):
    settings = read_settings(profile('extends = "micro"\n[tests]\nmin_tests = 3\n'))

    assert settings.tests.min_tests == 3
    assert settings.tests.policy == read_settings("micro").tests.policy
    assert settings.sampling == read_settings("micro").sampling


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sede = 1", "sede: unknown key; valid keys here are seed, machine, seeds"),
        ("[tests]\nmin_test = 1", "tests.min_test: unknown key; valid keys here are policy, oracle_models"),
        ("[tests]\nmin_tests = 0", "tests.min_tests: Input should be greater than or equal to 1"),
        (
            '[tests]\npolicy = "nobody"',
            "tests.policy: Input should be 'reference', 'paper', 'released', 'agreement' or 'trusted'",
        ),
        ("seed = ", "not valid TOML"),
        (
            "[policy_rule]\nprompts_per_step = 3\ncompletions_per_prompt = 3\nupdates_per_step = 4\ndraw_factor = 1",
            "a step's 9 completions cannot be divided evenly among updates_per_step = 4",
        ),
        ('extends = "own"', "no profile 'own': name one of local, micro, paper"),
    ],
)
def test_a_wrong_profile_is_refused_with_what_is_valid(profile, text, message):
    with pytest.raises(SettingsError) as caught:
        read_settings(profile(text))

    assert message in str(caught.value)


def test_all_problems_of_a_profile_are_told_at_once(profile):
    with pytest.raises(SettingsError) as caught:
        read_settings(profile("sede = 1\n[tests]\nmin_tests = 0"))

    assert "sede" in str(caught.value)
    assert "min_tests" in str(caught.value)


def test_a_profile_that_extends_itself_is_refused(profile, tmp_path):
    with pytest.raises(SettingsError, match="extends itself"):
        read_settings(profile(f'extends = "{tmp_path / "own.toml"}"'))


def test_an_unknown_profile_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match="no profile 'huge': name one of local, micro, paper"):
        read_settings("huge")


def test_every_setting_is_listed_with_its_meaning_and_what_it_takes():
    listed = {setting.name: setting for setting in list_settings()}

    assert [setting.name for setting in listed.values() if not setting.description] == []
    assert listed["seeds.questions_per_batch"].kind == "integer, >= 1, <= 5000"
    assert listed["reward_model.precision"].kind == "auto | float32 | bfloat16"
    assert listed["pairs.max_pairs_per_question"].kind == "integer, > 0 | all"
    assert listed["inbox.sources"].kind == "list of table"
    assert {setting.origin for setting in listed.values()} == {"default"}


def test_a_listed_setting_says_which_profile_gave_it_its_value(profile, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    profile('extends = "micro"\n[sampling]\ntop_k = 5\n')

    listed = {setting.name: setting for setting in list_settings("own.toml")}

    shown = {
        name: (listed[f"sampling.{name}"].value, listed[f"sampling.{name}"].origin) for name in ("top_k", "max_tokens")
    }
    assert shown == {"top_k": (5, "own.toml"), "max_tokens": (96, "micro")}
    assert listed["sampling.top_p"].origin == "micro"
    assert (listed["sampling.engine.dtype"].origin, listed["sampling.top_k"].default) == ("default", 0)
    assert listed["tests.oracle_sampling.temperature"].default == 0.0


def test_a_wrong_key_inside_a_list_of_tables_is_refused_with_the_valid_ones(profile):
    with pytest.raises(SettingsError, match=r"inbox\.sources\.nme: unknown key; valid keys here are name, .*questions"):
        read_settings(profile('[[inbox.sources]]\nname = "a"\nquestions = ["q"]\nnme = 1\n'))
