"""Who is told when a run fails or is late; test_refresh.py has the same with the real daemon."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from acecoder_dagster.graph.operating import notices
from acecoder_dagster.graph.operating.notices import notice_sensors
from acecoder_dagster.graph.operating.origins import TERMINAL_TAG
from acecoder_dagster.graph.operating.telling import NoticeError
from acecoder_dagster.graph.operating.under_way import STARTED_BY
from tests.graph.operating.mail import mail_server
from tests.graph.operating.webhook import webhook

NIGHTLY = {STARTED_BY: "nightly_data"}


@dg.op
def fail():
    raise dg.Failure("the disk is full")


@dg.job
def night():
    fail()


@pytest.fixture
def sensors(project):
    """The sensors of a project, by name."""
    return lambda: {sensor.name: sensor for sensor in notice_sensors(project)}


@pytest.fixture
def mail_to(project):
    """The profile names two people who get e-mails."""
    profile = Path(project.profile)
    profile.write_text(profile.read_text() + '[notices]\nmail_to = ["night@example.org", "day@example.org"]\n')


@pytest.fixture
def tell(sensors, instance):
    """Lets a run of a job with some tags fail, and the sensor see it."""

    def run(**tags: str) -> None:
        result = night.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
        event = next(event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE")
        context = dg.build_run_status_sensor_context("notice_of_failure", event, instance, result.dagster_run)
        sensors()["notice_of_failure"](context.for_run_failure())

    return run


def test_the_sensors_are_on_where_there_is_an_address(sensors, monkeypatch):
    assert {sensor.default_status for sensor in sensors().values()} == {dg.DefaultSensorStatus.STOPPED}
    monkeypatch.setenv("ACECODER_WEBHOOK", "http://127.0.0.1:9/")
    assert {sensor.default_status for sensor in sensors().values()} == {dg.DefaultSensorStatus.RUNNING}


def test_a_failed_night_is_told_with_its_reason(tell, project, monkeypatch):
    with webhook() as (address, taken):
        monkeypatch.setenv("ACECODER_WEBHOOK", address)
        tell(**NIGHTLY)

    (notice,) = taken
    assert notice["text"] == f"night (nightly_data) in {project.open().home.root} failed: fail: the disk is full"
    assert (notice["what"], notice["job"], notice["reason"]) == ("failed", "night", "fail: the disk is full")


def test_what_a_terminal_has_shown_is_not_told(tell, monkeypatch):
    with webhook() as (address, taken):
        monkeypatch.setenv("ACECODER_WEBHOOK", address)
        tell(**{TERMINAL_TAG: "true"})

    assert taken == []


def test_an_address_that_takes_nothing_is_an_error_that_keeps_it_secret(tell, monkeypatch):
    with webhook(403) as (address, _):
        monkeypatch.setenv("ACECODER_WEBHOOK", address)
        with pytest.raises(NoticeError, match=r"\$ACECODER_WEBHOOK names did not take the notice") as refused:
            tell(**NIGHTLY)

    assert "secret" not in str(refused.value)


def test_a_failed_night_is_told_by_e_mail(tell, project, monkeypatch, mail_to):
    with mail_server() as (address, taken):
        monkeypatch.setenv("ACECODER_MAIL", address)
        tell(**NIGHTLY)

    (mail,) = taken
    assert mail["To"] == "night@example.org, day@example.org"
    assert mail["From"] == "night@example.org"
    assert mail["Subject"] == "AceCoder: night (nightly_data) failed"
    assert mail.get_content().splitlines()[0] == "fail: the disk is full"
    assert str(project.open().home.root) in mail.get_content()


def test_the_sensors_are_on_where_a_server_sends_mail_and_somebody_is_named(sensors, monkeypatch, request):
    monkeypatch.setenv("ACECODER_MAIL", "smtp://127.0.0.1:9")
    assert {sensor.default_status for sensor in sensors().values()} == {dg.DefaultSensorStatus.STOPPED}
    request.getfixturevalue("mail_to")
    assert {sensor.default_status for sensor in sensors().values()} == {dg.DefaultSensorStatus.RUNNING}


@pytest.mark.parametrize("login", ["", "user:secret@"])
def test_a_server_that_takes_no_mail_stops_no_other_notice_and_a_password_is_sent_to_no_open_line(
    tell, monkeypatch, mail_to, login
):
    with webhook() as (webhook_address, told), mail_server(refuses=not login) as (address, taken):
        monkeypatch.setenv("ACECODER_WEBHOOK", webhook_address)
        monkeypatch.setenv("ACECODER_MAIL", address.replace("://", f"://{login}"))
        with pytest.raises(NoticeError, match=r"\$ACECODER_MAIL names did not take the notice") as refused:
            tell(**NIGHTLY)

    assert "secret" not in str(refused.value)
    assert len(told) == 1
    assert taken == []


def test_a_late_night_is_told_once(sensors, instance, monkeypatch):
    instance.create_run_for_job(night, status=dg.DagsterRunStatus.STARTED, tags=NIGHTLY)
    instance.create_run_for_job(night, status=dg.DagsterRunStatus.STARTED)
    monkeypatch.setattr(notices, "timedelta", lambda hours: timedelta(hours=-hours))
    cursor = None
    with webhook() as (address, taken):
        monkeypatch.setenv("ACECODER_WEBHOOK", address)
        for _ in range(2):
            context = dg.build_sensor_context(instance, cursor)
            found = sensors()["notice_of_delay"].evaluate_tick(context)
            cursor = found.cursor

    assert [notice["what"] for notice in taken] == ["is late"]
    assert "1 runs take longer than 12 hours" in found.skip_message
