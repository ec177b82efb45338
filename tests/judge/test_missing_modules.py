from acecoder_dagster.judge import missing_modules


def test_packages_that_programs_missed_are_counted_by_name():
    messages = [
        "ModuleNotFoundError: No module named 'numpy'",
        "RuntimeError: ModuleNotFoundError: No module named 'numpy.linalg'",
        "ModuleNotFoundError: No module named 'foo'",
        "AssertionError",
        "",
    ]
    assert missing_modules(messages).most_common() == [("numpy", 2), ("foo", 1)]
