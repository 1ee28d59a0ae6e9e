"""Which Tisktask this is, as clients of the socket are told."""

from importlib.metadata import version

VERSION = version("tisktask-runner")
