"""The whole stack and what stands around it."""

from stack_fixtures import *  # noqa: F403 - pytest finds fixtures by their names in here
