"""What the socket itself says to programs: about the protocol, its limits, and commands that it does not know."""

from collections.abc import Sequence
from difflib import get_close_matches

from tisktask_common.resp import Failure
from tisktask_runner.jobsocket.command import Command
from tisktask_runner.jobsocket.limits import SocketLimits

#: Of what a client sent, so much is repeated to it.
_ARGUMENT_SHOWN = 128
_ARGUMENTS_SHOWN = 20


def protocol_error(what: str) -> Failure:
    return Failure("ERR", f"Protocol error: {what}")


def argument_too_large(number: int, size: int, limits: SocketLimits) -> Failure:
    return Failure(
        "LIMIT",
        f"argument {number} has {size} bytes, at most {limits.argument_bytes} are allowed;"
        " pass what is larger by another way, such as an artifact store",
    )


def command_too_large(size: int, limits: SocketLimits) -> Failure:
    return Failure(
        "LIMIT",
        f"the arguments have {size} bytes together, at most {limits.command_bytes} are allowed; send several commands",
    )


def too_many_arguments(count: int, limits: SocketLimits) -> Failure:
    return Failure("LIMIT", f"{count} arguments, at most {limits.arguments} are allowed; send several commands")


def transaction_too_large(limits: SocketLimits) -> Failure:
    return Failure(
        "LIMIT",
        f"more than {limits.command_bytes} bytes or {limits.arguments} arguments since MULTI; make it smaller",
    )


def too_many_connections(limits: SocketLimits) -> Failure:
    return Failure("ERR", f"max number of clients reached: this job has {limits.connections} connections already")


def unknown_command(name: bytes, arguments: Sequence[bytes], known: Sequence[str]) -> Failure:
    """As Redis says it, and what was meant perhaps."""
    shown = " ".join(f"'{_shown(argument)}'" for argument in arguments[:_ARGUMENTS_SHOWN])
    near = get_close_matches(_shown(name).upper(), known, 1)
    hint = f"did you mean {near[0]}?" if near else "HELP lists the commands"
    return Failure("ERR", f"unknown command '{_shown(name)}', with args beginning with: {shown} ; {hint}")


def wrong_arity(command: Command) -> Failure:
    said = f"wrong number of arguments for '{command.name.lower()}' command"
    # Redis's own commands fail in Redis's own words: programs may look for them.
    return Failure("ERR", said if command.group == "data" else f"{said}; usage: {command.usage()}")


def unknown_subcommand(command: str, name: bytes, known: Sequence[str]) -> Failure:
    return Failure("ERR", f"unknown subcommand '{_shown(name)}'; {command} has {', '.join(known)}")


def wrong_subcommand_arity(command: str, name: bytes) -> Failure:
    return Failure("ERR", f"wrong number of arguments for '{command}|{_shown(name).lower()}' command")


def unknown_option(name: bytes) -> Failure:
    return Failure("ERR", f"Unrecognized option '{_shown(name)}'")


def not_while_subscribed(command: Command) -> Failure:
    return Failure(
        "ERR",
        f"Can't execute '{command.name.lower()}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are"
        " allowed in this context; use another connection, or HELLO 3",
    )


def not_in_transaction(command: Command) -> Failure:
    return Failure("ERR", f"{command.name} can not stand between MULTI and EXEC: only data commands can")


def nested_multi() -> Failure:
    return Failure("ERR", "MULTI calls can not be nested")


def without_multi(name: str) -> Failure:
    return Failure("ERR", f"{name} without MULTI")


def transaction_discarded() -> Failure:
    return Failure("EXECABORT", "Transaction discarded because of previous errors.")


def no_watch() -> Failure:
    return Failure("ERR", "WATCH is not supported: use one command that does it (INCR, SETNX, LPOP), or LOCK")


def not_available(error: str) -> Failure:
    return Failure("TRYAGAIN", f"Tisktask can not do that at the moment; try again ({error})")


def disk_full() -> Failure:
    return not_available("the disk of the job's host is full")


def internal_error() -> Failure:
    return Failure("ERR", "internal error: the runner's log tells more")


def no_password() -> Failure:
    return Failure("ERR", "AUTH <password> called without any password configured: the socket is the job's own")


def wrong_password() -> Failure:
    return Failure("WRONGPASS", "invalid username-password pair: the socket needs none")


def unsupported_protocol() -> Failure:
    return Failure("NOPROTO", "unsupported protocol version")


def not_a_protocol() -> Failure:
    return Failure("ERR", "Protocol version is not an integer or out of range")


def syntax_error_in(what: str) -> Failure:
    return Failure("ERR", f"Syntax error in {what}")


def only_database_zero() -> Failure:
    return Failure("ERR", "DB index is out of range: a run has one database, 0")


def bad_client_name() -> Failure:
    return Failure("ERR", "Client names cannot contain spaces, newlines or special characters, nor be over 200 bytes")


def bad_request_id() -> Failure:
    return Failure("ERR", "REQUESTID takes 1 to 128 printable characters without spaces")


def not_supported(what: str) -> Failure:
    return Failure("ERR", f"{what} is not supported here")


def no_such_help(name: bytes, known: Sequence[str]) -> Failure:
    near = get_close_matches(_shown(name).upper(), known, 1)
    return Failure("NOTFOUND", f"no command {_shown(name)}; " + (f"did you mean {near[0]}?" if near else "try HELP"))


def _shown(argument: bytes) -> str:
    text = argument[:_ARGUMENT_SHOWN].decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
