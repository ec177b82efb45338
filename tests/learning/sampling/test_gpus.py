import pytest

from acecoder_dagster.learning.errors import SamplingError
from acecoder_dagster.learning.sampling.gpus import gpus_of_engines
from acecoder_dagster.learning.sampling.settings import EngineSettings


@pytest.mark.parametrize(
    ("engine", "gpus", "expected"),
    [
        ({}, [], [[]]),
        ({"replicas": 2}, [], [[], []]),
        ({}, ["0", "1", "2"], [["0"], ["1"], ["2"]]),
        ({"tensor_parallel_size": 2}, ["4", "5", "6", "7"], [["4", "5"], ["6", "7"]]),
        ({"tensor_parallel_size": 2}, ["0", "1", "2"], [["0", "1"]]),
        ({"replicas": 1}, ["0", "1"], [["0"]]),
    ],
)
def test_every_engine_has_gpus_of_its_own(engine, gpus, expected):
    assert gpus_of_engines(EngineSettings.model_validate(engine), gpus) == expected


@pytest.mark.parametrize("engine", [{"replicas": 3}, {"replicas": 2, "tensor_parallel_size": 2}])
def test_more_engines_than_the_gpus_allow_are_refused_with_what_to_lower(engine):
    with pytest.raises(SamplingError, match="2 GPUs are there: lower replicas or tensor_parallel_size"):
        gpus_of_engines(EngineSettings.model_validate(engine), ["0", "1"])
