"""Commands about the connection itself, as Redis documents them: whatever client connects finds what it asks for."""

import time
from collections.abc import Callable

from tisktask_common.resp import OK, Failure, Pairs, Reply, Simple
from tisktask_runner.jobsocket import words
from tisktask_runner.jobsocket.command import Command, Session
from tisktask_runner.jobsocket.version import VERSION

_NAME_BYTES_MAX = 200
_REQUEST_ID_BYTES_MAX = 128


def connection_commands() -> list[Command]:
    """List them. None of them waits for anything."""

    def command(name: str, handler: "Callable[[Session, list[bytes]], Reply]", arity: int, about: str) -> Command:
        async def handle(session: Session, arguments: list[bytes]) -> Reply:
            return handler(session, arguments)

        syntax, _, summary = about.partition(" -- ")
        return Command(
            name=name,
            handler=handle,
            arity=arity,
            group="connection",
            syntax=syntax,
            summary=summary,
            is_immediate=True,
            is_for_transactions=name in {"PING", "ECHO", "TIME"},
        )

    return [
        command("PING", _ping, -1, "[message] -- Reply PONG, or the message."),
        command("ECHO", _echo, 2, "message -- Reply the message."),
        command("TIME", _time, 1, " -- Reply the runner's time: seconds and microseconds."),
        command("QUIT", _quit, -1, " -- Close the connection."),
        command("RESET", _reset, 1, " -- Make the connection as it was at its beginning."),
        command("HELLO", _hello, -1, "[2|3 [AUTH user password] [SETNAME name]] -- Choose the protocol's version."),
        command("AUTH", _auth, -2, "[user] password -- Do nothing: the socket is the job's own, and has no password."),
        command("SELECT", _select, 2, "0 -- Accept the one database there is."),
        command("CLIENT", _client, -2, "subcommand [value ...] -- Name the connection, or tell about it."),
        command("CONFIG", _config, -2, "GET pattern -- Reply nothing: programs can not configure the socket."),
        command(
            "REQUESTID",
            _request_id,
            2,
            "id -- Name the next command's request: repeated under the same id, it is done once.",
        ),
    ]


def _ping(session: Session, arguments: list[bytes]) -> Reply:
    if len(arguments) > 1:
        return Failure("ERR", "wrong number of arguments for 'ping' command")
    if session.channels and session.protocol == 2:
        return [b"pong", *(arguments or [b""])]
    return arguments[0] if arguments else Simple("PONG")


def _echo(_session: Session, arguments: list[bytes]) -> Reply:
    return arguments[0]


def _time(_session: Session, _arguments: list[bytes]) -> Reply:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return [str(seconds).encode(), str(nanoseconds // 1000).encode()]


def _quit(session: Session, _arguments: list[bytes]) -> Reply:
    session.is_leaving = True
    return OK


def _reset(session: Session, _arguments: list[bytes]) -> Reply:
    session.let_go()
    session.channels.clear()
    session.transaction = None
    session.request_id = None
    session.protocol = 2
    session.name = ""
    return Simple("RESET")


def _hello(session: Session, arguments: list[bytes]) -> Reply:
    protocol, name = session.protocol, session.name
    if arguments:
        if not arguments[0].isdigit():
            return words.not_a_protocol()
        if arguments[0] not in (b"2", b"3"):
            return words.unsupported_protocol()
        protocol = int(arguments[0])
    options = arguments[1:]
    while options:
        match options[0].upper(), options[1:]:
            case b"AUTH", [user, _, *rest]:
                if user != b"default":
                    return words.wrong_password()
                options = rest
            case b"SETNAME", [wanted, *rest]:
                if not _is_printable(wanted):
                    return words.bad_client_name()
                name, options = wanted.decode(), rest
            case _:
                return words.syntax_error_in("HELLO option")
    session.protocol, session.name = protocol, name
    return Pairs(
        [
            (b"server", b"tisktask"),
            (b"version", VERSION.encode()),
            (b"proto", session.protocol),
            (b"id", session.id),
            (b"mode", b"standalone"),
            (b"role", b"master"),
            (b"modules", []),
        ]
    )


def _auth(_session: Session, arguments: list[bytes]) -> Reply:
    """Answer as a Redis without a password."""
    match arguments:
        case [_]:
            return words.no_password()
        case [b"default", _]:
            return OK
        case [_, _]:
            return words.wrong_password()
        case _:
            return words.syntax_error_in("AUTH")


def _select(_session: Session, arguments: list[bytes]) -> Reply:
    return OK if arguments[0] == b"0" else words.only_database_zero()


def _config(_session: Session, arguments: list[bytes]) -> Reply:
    if arguments[0].upper() == b"GET":
        return Pairs([])
    return words.not_supported("CONFIG other than GET")


def _request_id(session: Session, arguments: list[bytes]) -> Reply:
    if not _is_printable(arguments[0]) or not 0 < len(arguments[0]) <= _REQUEST_ID_BYTES_MAX:
        return words.bad_request_id()
    session.request_id = arguments[0].decode()
    return OK


def _client(session: Session, arguments: list[bytes]) -> Reply:
    found = _CLIENT.get(arguments[0].upper().decode("utf-8", "replace"))
    if found is None:
        return words.unknown_subcommand("CLIENT", arguments[0], list(_CLIENT))
    handler, count = found
    if len(arguments) - 1 != count:
        return words.wrong_subcommand_arity("client", arguments[0])
    return handler(session, arguments[1:])


def _set_info(session: Session, arguments: list[bytes]) -> Reply:
    what, value = arguments[0].upper(), arguments[1]
    if not _is_printable(value):
        return words.bad_client_name()
    if what == b"LIB-NAME":
        session.library_name = value.decode()
    elif what == b"LIB-VER":
        session.library_version = value.decode()
    else:
        return words.unknown_option(arguments[0])
    return OK


def _set_name(session: Session, arguments: list[bytes]) -> Reply:
    if not _is_printable(arguments[0]):
        return words.bad_client_name()
    session.name = arguments[0].decode()
    return OK


def _get_name(session: Session, _arguments: list[bytes]) -> Reply:
    return session.name.encode() if session.name else None


def _id(session: Session, _arguments: list[bytes]) -> Reply:
    return session.id


def _info(session: Session, _arguments: list[bytes]) -> Reply:
    return (
        f"id={session.id} name={session.name} db=0 sub={len(session.channels)}"
        f" multi={len(session.transaction.queued) if session.transaction else -1} resp={session.protocol}"
        f" lib-name={session.library_name} lib-ver={session.library_version}\n"
    ).encode()


def _fine(_session: Session, _arguments: list[bytes]) -> Reply:
    return OK


#: Subcommand -> what does it, and the number of its arguments.
_CLIENT: dict[str, tuple[Callable[[Session, list[bytes]], Reply], int]] = {
    "SETINFO": (_set_info, 2),
    "SETNAME": (_set_name, 1),
    "GETNAME": (_get_name, 0),
    "ID": (_id, 0),
    "INFO": (_info, 0),
    "LIST": (_info, 0),
    "NO-EVICT": (_fine, 1),
    "NO-TOUCH": (_fine, 1),
}


def _is_printable(value: bytes) -> bool:
    return len(value) <= _NAME_BYTES_MAX and all(0x21 <= byte <= 0x7E for byte in value)
