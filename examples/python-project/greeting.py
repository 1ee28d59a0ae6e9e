"""The smallest package that is worth a test."""


def greet(name: str) -> str:
    """Say hello to `name`."""
    return f"Hello, {name}!"
