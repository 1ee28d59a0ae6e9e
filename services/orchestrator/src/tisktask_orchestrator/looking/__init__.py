"""Looks at repositories: who wants one, and which host makes it."""
