"""What people read about looks at repositories."""


def look_overtaken() -> str:
    return "This look was given to another host, or its repository was removed."


def wrong_ref(ref: str) -> str:
    return f"{ref[:200]!r} can not be the name of a branch or a tag, or its commit is not one."


def refs_not_in_order() -> str:
    return "Refs must come in the order of their names, each piece after the one before it."
