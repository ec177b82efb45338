from acecoder_dagster.learning.progress import describe_progress


def test_speed_and_time_left_are_told_once_there_is_something_to_estimate_from():
    assert describe_progress(0, 600, 20.0, "programs") == "0 of 600 programs"
    assert describe_progress(5, 2000, 20.0, "programs") == "5 of 2,000 programs"
    assert describe_progress(120, 600, 30.0, "programs") == "120 of 600 programs, 4/s, 2 min left"
    assert describe_progress(300, 600, 30.0, "programs") == "300 of 600 programs, 10/s, 30 s left"


def test_a_speed_below_one_a_second_is_no_zero():
    assert describe_progress(10, 20, 40.0) == "10 of 20, 0.25/s, 40 s left"


def test_finished_work_has_a_speed_and_no_time_left():
    assert describe_progress(600, 600, 30.0, "programs") == "600 of 600 programs, 20/s"
