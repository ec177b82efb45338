"""Telling people: by a POST to a web address, and by e-mail."""

import os
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter

from acecoder_dagster.settings import NoticeSettings

SECONDS_TO_ANSWER = 10
TRIES = 3
LONGEST_TEXT = 2000
"""Chats refuse long messages; the page has the rest."""


class NoticeError(RuntimeError):
    """Somebody could not be told; the message says why, without the address."""

    def __init__(self, variable: str, why: str) -> None:
        super().__init__(f"the address that ${variable} names did not take the notice ({why}): see that it is right")


@dataclass(frozen=True)
class Notice:
    """What is told.

    Attributes:
        what: `failed` or `is late`.
        run: its id in Dagster.
        job: of the run.
        started_by: schedule or sensor, empty where a person started it.
        reason: why it failed, or how late it is.
        folder: of the project.
    """

    what: str
    run: str
    job: str
    started_by: str
    reason: str
    folder: str

    @property
    def subject(self) -> str:
        """What happened, in a line."""
        return f"{self.job} ({self.started_by})" if self.started_by else self.job

    @property
    def text(self) -> str:
        """The whole, short enough for a chat."""
        text = f"{self.subject} in {self.folder} {self.what}: {self.reason}"
        return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def is_anybody_told(settings: NoticeSettings) -> bool:
    """Return whether the environment names a web address, or a mail server for addresses of the settings."""
    return bool(_webhook(settings) or _mail_server(settings))


def tell(settings: NoticeSettings, notice: Notice) -> None:
    """Tell everybody who is to be told.

    Raises:
        NoticeError: somebody was not told; all others were.
    """
    problems = []
    for address, send in ((_webhook(settings), _post), (_mail_server(settings), _mail)):
        if address:
            try:
                send(settings, address, notice)
            except NoticeError as error:
                problems.append(error)
    if problems:
        raise problems[0]


def _webhook(settings: NoticeSettings) -> str:
    return os.environ.get(settings.webhook_variable, "")


def _mail_server(settings: NoticeSettings) -> str:
    return os.environ.get(settings.mail_variable, "") if settings.mail_to else ""


def _post(settings: NoticeSettings, address: str, notice: Notice) -> None:
    """Post a notice as JSON; `text` alone is what chats show."""
    body = {"text": notice.text, **vars(notice)}
    try:
        with requests.Session() as session:
            session.mount(address, HTTPAdapter(max_retries=TRIES))
            session.post(address, json=body, timeout=SECONDS_TO_ANSWER).raise_for_status()
    except requests.RequestException as error:
        # The address is a secret, and requests names it in what it says.
        raise NoticeError(settings.webhook_variable, type(error).__name__) from None


def _mail(settings: NoticeSettings, server: str, notice: Notice) -> None:
    """Send a notice as an e-mail of plain text."""
    message = EmailMessage()
    message["From"] = settings.mail_from or settings.mail_to[0]
    message["To"] = ", ".join(settings.mail_to)
    message["Subject"] = f"AceCoder: {notice.subject} {notice.what}"
    message.set_content(f"{notice.reason}\n\nRun {notice.run} in {notice.folder}\n")
    try:
        with _connect(server) as connection:
            connection.send_message(message)
    except (OSError, ValueError) as error:
        # Servers may repeat the user's name in what they answer.
        raise NoticeError(settings.mail_variable, type(error).__name__) from None


def _connect(server: str) -> smtplib.SMTP:
    """Return a connection to a server as the variable names it; a password is sent encrypted or not at all."""
    parts = urlsplit(server)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("it is no smtp:// or smtps:// address")
    trusted = ssl.create_default_context()
    connection: smtplib.SMTP
    if parts.scheme == "smtps":
        connection = smtplib.SMTP_SSL(parts.hostname, parts.port or 465, timeout=SECONDS_TO_ANSWER, context=trusted)
    else:
        connection = smtplib.SMTP(parts.hostname, parts.port or 587, timeout=SECONDS_TO_ANSWER)
        connection.ehlo()
        if connection.has_extn("starttls"):
            connection.starttls(context=trusted)
        elif parts.username:
            raise ValueError("it would send the password for all to read")
    if parts.username:
        connection.login(unquote(parts.username), unquote(parts.password or ""))
    return connection
