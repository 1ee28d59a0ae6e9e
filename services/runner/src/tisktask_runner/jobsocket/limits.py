"""What a program may ask of its socket at most: the runner's memory is shared by all jobs of the host."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SocketLimits:
    """Of one job's socket. One that is exceeded is answered with an error that names it."""

    connections: int = 64
    #: One argument; larger ones do not fit into a message of the bus.
    argument_bytes: int = 256 * 1024
    #: All arguments of one command, or of all commands between MULTI and EXEC.
    command_bytes: int = 320 * 1024
    #: Arguments of one command, its name included.
    arguments: int = 10_000
    #: Commands of a connection that wait for their turn. With more, nothing is read from it until some are done.
    pending_commands: int = 10_000
    #: Likewise, by what they hold.
    pending_bytes: int = 1024 * 1024
    #: Replies that the client has not read yet. With more, none of its commands is begun until it has read some.
    output_bytes: int = 2 * 1024 * 1024
    #: A client that reads nothing for so long while its replies are that many is disconnected.
    output_seconds: float = 60.0
