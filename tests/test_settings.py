from pathlib import Path

import pytest

from acecoder_dagster.settings import SettingsError, read_settings, shipped_profiles

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def profile(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "own.toml"
        path.write_text(text)
        return str(path)

    return write


def test_micro_local_and_paper_are_shipped_and_valid():
    assert shipped_profiles() == ["local", "micro", "paper"]
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
