"""What a worker on another machine is given has paths of that machine, whatever they are here."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from acecoder_dagster.judge import ClusterSettings
from acecoder_dagster.learning.sampling import SamplingJob, SamplingSettings
from acecoder_dagster.learning.training.settings import ScoringSettings
from acecoder_dagster.learning.workers.assignments import assignment, specification_here
from acecoder_dagster.learning.workers.specifications import SPECIFICATION, SamplePrograms, ScorePrograms

HERE, THERE = Path("/here/project"), Path("/there/cache/project")


def test_paths_of_the_project_are_those_of_the_machine_that_works():
    place = HERE / "scratch" / "scoring"
    given = ScorePrograms(
        model=HERE / "models" / "reward_model" / "key",
        programs=place / "programs.parquet",
        output=place / "scores.parquet",
        settings=ScoringSettings(),
    )

    there = SPECIFICATION.validate_python(specification_here(assignment(given, HERE, [place]), THERE))

    assert there.model == THERE / "models" / "reward_model" / "key"
    assert there.programs == THERE / "scratch" / "scoring" / "programs.parquet"
    assert there.settings == given.settings


def test_folders_that_are_only_read_are_told_from_those_of_the_work():
    place = HERE / "scratch" / "sampling" / "one"
    jobs = [
        SamplingJob(model=model, prompts=place / "prompts.parquet", output=place / "programs.parquet")
        for model in (str(HERE / "models" / "base_policy" / "key"), "owner/name", "/elsewhere/model")
    ]
    given = assignment(SamplePrograms(jobs=tuple(jobs), sampling=SamplingSettings(), seed=0), HERE, [place])

    assert given.workplaces == ("scratch/sampling/one",)
    assert given.models == ("models/base_policy/key",)
    assert [job["model"] for job in specification_here(given, THERE)["jobs"]] == [
        str(THERE / "models" / "base_policy" / "key"),
        "owner/name",
        "/elsewhere/model",
    ]


def test_models_run_on_a_cluster_only_where_one_is_named():
    with pytest.raises(ValidationError, match=r"set cluster\.address"):
        ClusterSettings(runs_models=True)
