"""Asking a language model behind any OpenAI-compatible endpoint, vLLM's server included.

Belongs here: concurrency, retries, the cache of answers, tokens and money. Does not belong here: what is asked and what
the answers mean (`writing`), Dagster.
"""

from acecoder_dagster.questions.writing.endpoint.answers import Answer, AnswerCache
from acecoder_dagster.questions.writing.endpoint.asking import ask
from acecoder_dagster.questions.writing.endpoint.errors import EndpointError
from acecoder_dagster.questions.writing.endpoint.requests import Chat, Continuation
from acecoder_dagster.questions.writing.endpoint.settings import EndpointSettings

__all__ = ["Answer", "AnswerCache", "Chat", "Continuation", "EndpointError", "EndpointSettings", "ask"]
