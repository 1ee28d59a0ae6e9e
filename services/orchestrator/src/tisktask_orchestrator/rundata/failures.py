"""What is answered to a data command that can not be done: Redis's own words where Redis has them. Pure."""

from tisktask_common.resp import Failure

#: Of what a command has said wrongly, as much is repeated: failures are many in one message.
_CHARS_MAX = 64


class CommandError(Exception):
    """A command can not be done; nothing has changed by it."""

    def __init__(self, message: str, code: str = "ERR") -> None:
        super().__init__(f"{code} {message}")
        self.failure = Failure(code, message)


class ReplyTooLargeError(CommandError):
    """The reply would not fit into the answer to this request any more."""

    def __init__(self) -> None:
        super().__init__("the reply is too large for one message: read it in parts (LRANGE, HMGET, SCAN)", "LIMIT")


def wrong_kind() -> CommandError:
    return CommandError("Operation against a key holding the wrong kind of value", "WRONGTYPE")


def wrong_number_of_arguments(name: str) -> CommandError:
    return CommandError(f"wrong number of arguments for '{name}' command")


def unknown_command(name: bytes, arguments: list[bytes]) -> CommandError:
    shown = ""
    for argument in arguments:
        if len(shown) >= _CHARS_MAX:
            break
        shown += f"'{_shown(argument[: _CHARS_MAX - len(shown)])}' "
    return CommandError(f"unknown command '{_shown(name)}', with args beginning with: {shown}")


def syntax_error() -> CommandError:
    return CommandError("syntax error")


def not_an_integer() -> CommandError:
    return CommandError("value is not an integer or out of range")


def not_a_float() -> CommandError:
    return CommandError("value is not a valid float")


def wrong_expire_time(name: str) -> CommandError:
    return CommandError(f"invalid expire time in '{name}' command")


def unsupported_option(option: bytes) -> CommandError:
    return CommandError(f"Unsupported option {_shown(option)}")


def full(bytes_max: int) -> CommandError:
    return CommandError(
        f"command not allowed when used memory > 'maxmemory': a run keeps {bytes_max} bytes; DEL what is not needed",
        "OOM",
    )


def too_many_keys(keys_max: int) -> CommandError:
    return CommandError(f"command not allowed: a run keeps {keys_max} keys; DEL what is not needed", "OOM")


def too_long(what: str, size: int, most: int) -> CommandError:
    return CommandError(f"a {what} of {size} bytes: at most {most} are allowed", "LIMIT")


def too_much_effort() -> CommandError:
    return CommandError("the commands that were sent at once go through too much data: send fewer at once", "LIMIT")


def too_many_items(most: int) -> CommandError:
    return CommandError(f"the list has more than {most} items, which is too long for this command", "LIMIT")


def _shown(text: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in text[:_CHARS_MAX])
