"""What is old goes; what is current, kept, pinned or fresh stays."""

import os
import time

import pytest

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.retention import GRACE_SECONDS, RetentionSettings, removable, remove
from acecoder_dagster.data.tables import PREFERENCE_PAIRS, QUESTIONS
from tests.rows import rows

NONE_KEPT = RetentionSettings(versions=0, models=0)


@pytest.fixture
def home(tmp_path) -> Home:
    """A folder with three versions of a batch, and three of a model, the last of each current; all of it is old."""
    made = Home(tmp_path)
    for number in range(3):
        made.lake.write(QUESTIONS, "b", rows(QUESTIONS, {"question_id": f"{number}"}), content_key=f"{number}")
        folder = made.artifacts.working_folder("model", f"{number}")
        (folder / "model.safetensors").write_text("weights")
        os.utime(folder / "model.safetensors", (number + 1.0, number + 1.0))
        made.artifacts.finish("model", f"{number}", {})
    age(made)
    return made


def age(home: Home) -> None:
    """Make everything look as if it was written long ago, in the order in which it was."""
    long_ago = time.time() - 10 * GRACE_SECONDS
    written = sorted(home.root.rglob("*"), key=lambda path: path.stat().st_mtime_ns)
    for place, path in enumerate(written):
        os.utime(path, (long_ago + place, long_ago + place))


def there(home: Home) -> tuple[int, list[str]]:
    """Return how many versions of the batch there are, and which of the model."""
    versions = [path for path in (home.root / "lake").rglob("*.parquet") if "rejected" not in path.name]
    return len(versions), [path.name for path in home.artifacts.versions()]


@pytest.mark.parametrize(("keep", "left"), [(0, (1, ["2"])), (1, (2, ["1", "2"])), (2, (3, ["0", "1", "2"]))])
def test_as_many_earlier_versions_stay_as_are_asked_for_and_what_is_current(home, keep, left):
    current = home.lake.current(QUESTIONS, "b"), home.artifacts.current("model")

    remove(home, removable(home, RetentionSettings(versions=keep, models=keep)))

    assert there(home) == left
    assert (home.lake.current(QUESTIONS, "b"), home.artifacts.current("model")) == current
    assert home.lake.read(QUESTIONS)["question_id"].to_list() == ["2"]


def test_what_a_kept_model_was_made_from_stays(home):
    base = home.artifacts.versions()[0]
    first = min((home.root / "lake").rglob("*.parquet"), key=lambda path: path.stat().st_mtime)
    policy = home.artifacts.working_folder("policy", "k")
    (policy / "model.safetensors").write_text("weights")
    home.artifacts.finish("policy", "k", {}, made_from=[first, base])
    age(home)

    remove(home, removable(home, NONE_KEPT))

    assert first.is_file()
    assert base.is_dir()
    assert [folder.name for folder in home.artifacts.versions()] == ["0", "2", "k"]


def test_what_was_written_within_a_day_stays(home):
    for path in home.root.rglob("*"):
        os.utime(path)

    assert removable(home, NONE_KEPT) == []


def test_of_a_batch_that_was_withdrawn_everything_old_goes(home):
    home.lake.write(PREFERENCE_PAIRS, "all", PREFERENCE_PAIRS.empty(), content_key="k")
    home.lake.withdraw(QUESTIONS, "b")
    age(home)

    remove(home, removable(home, NONE_KEPT))

    assert there(home)[0] == 1
    assert home.lake.current(PREFERENCE_PAIRS) is not None
