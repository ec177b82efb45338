"""Asking a language model behind any OpenAI-compatible endpoint, vLLM's server included.

Belongs here: concurrency, retries, the cache of answers, tokens and money. Does not belong here: what is asked and what
the answers mean (`synthesis`), Dagster.
"""

from acecoder_dagster.endpoint.answers import Answer, AnswerCache
from acecoder_dagster.endpoint.asking import Chat, ask
from acecoder_dagster.endpoint.errors import EndpointError
from acecoder_dagster.endpoint.settings import EndpointSettings

__all__ = ["Answer", "AnswerCache", "Chat", "EndpointError", "EndpointSettings", "ask"]
