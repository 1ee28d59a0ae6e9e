"""A job's socket that does as it is told, connection after connection: for what clients do when things break."""

import contextlib
import socket
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hiredis

HELLO_REPLY = b"%1\r\n$5\r\nproto\r\n:3\r\n"
#: What goes before the reply to the command itself.
GREETING = HELLO_REPLY + b"+OK\r\n"
_JOIN_SECONDS = 10


@dataclass(frozen=True)
class Scene:
    """What happens on one connection: after so many commands these bytes are sent, and the connection is closed."""

    says: bytes
    after_commands: int = 3
    #: Ended by the client instead.
    stays: bool = False


def answer(reply: bytes) -> Scene:
    return Scene(GREETING + reply)


@dataclass
class ScriptedSocket:
    """Plays its scenes, then refuses connections; `heard` are the commands of each connection."""

    path: Path
    scenes: Sequence[Scene]
    heard: list[list[list[bytes]]] = field(default_factory=list[list[list[bytes]]])

    def play(self, listener: socket.socket) -> None:
        with listener:
            for scene in self.scenes:
                connection, _ = listener.accept()
                with connection:
                    self._play_scene(connection, scene)

    def _play_scene(self, connection: socket.socket, scene: Scene) -> None:
        reader, commands = hiredis.Reader(), list[list[bytes]]()
        self.heard.append(commands)
        connection.settimeout(_JOIN_SECONDS)
        while len(commands) < scene.after_commands and (data := connection.recv(65536)):
            reader.feed(data)
            while (command := _next(reader)) is not None:
                commands.append(command)
        # A client that has had enough closes first.
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(scene.says)
        if scene.stays:
            connection.recv(1)


def _next(reader: hiredis.Reader) -> list[bytes] | None:
    command: Any = reader.gets()
    return None if command is False else command


@contextlib.contextmanager
def scripted_socket(path: Path, *scenes: Scene) -> Generator[ScriptedSocket]:
    """Play the scenes in another thread; at the end all must have been played."""
    stage = ScriptedSocket(path, scenes)
    failures: list[BaseException] = []
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    listener.settimeout(_JOIN_SECONDS)

    def play() -> None:
        try:
            stage.play(listener)
        except (OSError, hiredis.HiredisError) as error:
            failures.append(error)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield stage
    finally:
        thread.join(_JOIN_SECONDS)
    assert not thread.is_alive(), "the client has not played all scenes"
    assert not failures, failures
