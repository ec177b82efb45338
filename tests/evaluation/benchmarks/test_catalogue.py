"""Protocols by name: those that ship, files of one's own, windows of dates, and what is said of wrong ones."""

import datetime

import pytest

from acecoder_dagster.evaluation.benchmarks import (
    BenchmarkError,
    protocol_addresses,
    read_protocol,
    read_suite,
    suite_names,
)

BENCHMARKS = {
    "humaneval",
    "humaneval+",
    "mbpp",
    "mbpp+",
    "bigcodebench-complete",
    "bigcodebench-complete-hard",
    "bigcodebench-instruct",
    "bigcodebench-instruct-hard",
    "livecodebench-v4",
    "livecodebench-v5",
    "livecodebench-v6",
}


def test_every_benchmark_has_a_protocol_of_the_paper_and_one_of_its_own_tools():
    assert set(protocol_addresses()) == {
        f"{protocol}/{name}" for protocol in ("paper", "upstream") for name in BENCHMARKS
    }
    for address in protocol_addresses():
        assert read_protocol(address).address == address


@pytest.mark.parametrize("suite", ["paper", "upstream"])
def test_a_suite_has_the_nine_columns_of_the_paper(suite):
    protocols = read_suite(suite)

    assert len(protocols) == 9
    assert {each.protocol for each in protocols} == {suite}
    assert suite in suite_names()


def test_benchmarks_of_a_suite_are_chosen_by_their_short_names():
    assert [each.name for each in read_suite("paper", ["he+", "bcb-i-hard"])] == [
        "humaneval+",
        "bigcodebench-instruct-hard",
    ]
    with pytest.raises(BenchmarkError, match=r"paper has no benchmark he\+\+; it has humaneval \(he\)"):
        read_suite("paper", ["he++"])


def test_a_benchmark_alone_is_that_of_the_paper_and_an_unknown_one_is_refused_with_what_there_is():
    assert read_protocol("mbpp+").address == "paper/mbpp+"
    with pytest.raises(BenchmarkError, match=r"there is no benchmark mbpp\+\+; there are .*upstream/mbpp\+"):
        read_protocol("mbpp++")


def test_the_paper_and_upstream_differ_where_the_paper_says_so():
    paper, upstream = read_protocol("paper/bigcodebench-complete"), read_protocol("upstream/bigcodebench-complete")

    assert (paper.decoding.max_model_len, upstream.decoding.max_model_len) == (1280, 12800)
    assert (paper.data.version, upstream.data.version) == ("v0.1.2", "v0.1.4")


def test_a_window_of_dates_follows_the_name_of_livecodebench():
    protocol = read_protocol("livecodebench-v6@2024-08-01..2025-05-31")

    assert protocol.name == "livecodebench-v6@2024-08-01..2025-05-31"
    assert protocol.window.holds(datetime.date(2024, 8, 1))
    assert not protocol.window.holds(datetime.date(2025, 6, 1))
    assert read_protocol("livecodebench-v6@..2025-05-31").window.holds(datetime.date(2020, 1, 1))
    assert read_suite("paper", ["lcb@2024-08-01.."])[0].window.first == datetime.date(2024, 8, 1)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("livecodebench-v6@2024", "write a window of dates as NAME@2024-08-01"),
        ("livecodebench-v6@2025-01-01..2024-01-01", "before it begins"),
        ("humaneval@2024-01-01..", "only LiveCodeBench's questions have dates"),
    ],
)
def test_a_wrong_window_is_refused(address, message):
    with pytest.raises(BenchmarkError, match=message):
        read_protocol(address)


def test_a_protocol_of_ones_own_changes_a_shipped_one_and_names_files_beside_it(tmp_path):
    (tmp_path / "ask.txt").write_text("[text]\n# {prompt}\n{answer}\n")
    path = tmp_path / "mine.toml"
    path.write_text('extends = "paper/humaneval+"\n[styles.base]\nprompt = "ask.txt"\n[decoding]\nmax_tokens = 99\n')

    protocol = read_protocol(str(path))

    assert protocol.name == "mine"
    assert protocol.styles["base"].prompt == str(tmp_path / "ask.txt")
    assert protocol.decoding.max_tokens == 99
    assert protocol.scoring.tests == ("base", "plus")
    assert protocol.styles["chat"] == read_protocol("humaneval+").styles["chat"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extends = "paper/humaneval"\nnosuch = 1', "nosuch: Extra inputs"),
        (
            'extends = "paper/humaneval"\n[styles.chat]\nextraction = ["mine"]',
            r"styles.chat.extraction.0: Input should",
        ),
        ('extends = "paper/humaneval"\n[scoring]\ntests = ["all"]', "evalplus has base and plus"),
        ('extends = "paper/humaneval"\n[scoring.sandbox]\nnosuch = 1', "nosuch"),
        ('extends = "paper/nosuch"', "there is no benchmark paper/nosuch"),
        ('extends = "mine.toml"', "it extends itself"),
        ("= 1", "cannot be read"),
    ],
)
def test_a_wrong_protocol_is_refused_with_the_key_that_is_wrong(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)

    with pytest.raises(BenchmarkError, match=message):
        read_protocol(str(path))
