"""Real git repositories for tests, served over HTTP by `git http-backend`, with tokens, redirects and faults."""

import base64
import os
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

PLAIN, EXECUTABLE, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
#: No settings of this machine's user or system.
GIT_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}


@dataclass(frozen=True)
class File:
    """A file of a commit: bytes, link target or submodule commit, and its git mode."""

    content: bytes
    mode: str = PLAIN


def plain(text: str | bytes) -> File:
    return File(text.encode() if isinstance(text, str) else text)


def program(text: str | bytes) -> File:
    return File(text.encode() if isinstance(text, str) else text, EXECUTABLE)


def link(target: str | bytes) -> File:
    return File(target.encode() if isinstance(target, str) else target, LINK)


def submodule(sha: str) -> File:
    return File(sha.encode(), SUBMODULE)


@dataclass(frozen=True)
class GitRepository:
    """A bare repository on disk that commits are put into without a working tree."""

    path: Path

    @classmethod
    def create(cls, path: Path, object_format: str = "sha1") -> "GitRepository":
        path.mkdir(parents=True)
        repository = cls(path)
        repository.git("init", "--bare", "--quiet", "--initial-branch=main", f"--object-format={object_format}")
        repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
        return repository

    def commit(
        self,
        files: Mapping[str | bytes, File],
        ref: str = "refs/heads/main",
        message: str = "Change",
        parent: str | None = None,
    ) -> str:
        """Make a commit that holds exactly `files`, move `ref` to it (also backwards) and return its sha."""
        self.git("fast-import", "--quiet", "--force", stdin=b"".join(_fast_import(files, ref, message, parent)))
        return self.git("rev-parse", ref).strip()

    def delete_ref(self, ref: str) -> None:
        self.git("update-ref", "-d", ref)

    def forget_unreachable(self) -> None:
        """Drop what no ref holds any more, as a forge does some time after a force push."""
        self.git("reflog", "expire", "--expire=now", "--all")
        self.git("gc", "--quiet", "--prune=now")

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        done = subprocess.run(
            ["git", "-C", self.path, *arguments], input=stdin, capture_output=True, env=GIT_ENVIRONMENT, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode(errors="replace")


def _fast_import(files: Mapping[str | bytes, File], ref: str, message: str, parent: str | None) -> Iterator[bytes]:
    text = message.encode()
    yield b"reset %s\n" % ref.encode()
    yield b"commit %s\ncommitter Tester <tester@example.org> 1700000000 +0000\ndata %d\n%s\n" % (
        ref.encode(),
        len(text),
        text,
    )
    if parent:
        yield b"from %s\ndeleteall\n" % parent.encode()
    for path, file in files.items():
        quoted = _quote(path.encode() if isinstance(path, str) else path)
        if file.mode == SUBMODULE:
            yield b"M 160000 %s %s\n" % (file.content, quoted)
        else:
            yield b"M %s inline %s\ndata %d\n%s\n" % (file.mode.encode(), quoted, len(file.content), file.content)


def _quote(path: bytes) -> bytes:
    return b'"' + b"".join(bytes([c]) if 32 <= c < 127 and c not in b'"\\' else b"\\%03o" % c for c in path) + b'"'


@dataclass
class GitServer:
    """Serves every bare repository below `folder` at `<url>/<owner>/<name>.git`."""

    folder: Path
    #: With at least one, a request without one of them as its password is answered 401.
    tokens: set[str] = field(default_factory=set[str])
    #: `/owner/name.git` -> address that it has moved to (a path, or a whole URL).
    redirects: dict[str, str] = field(default_factory=dict[str, str])
    #: Tokens are asked for before a redirect is given.
    redirects_after_login: bool = False
    #: HTTP statuses that the next requests are answered with.
    faults: list[int] = field(default_factory=list[int])
    #: (method, path, whether it carried credentials) of each request.
    requests: list[tuple[str, str, bool]] = field(default_factory=list[tuple[str, str, bool]])
    #: While it is cleared, requests wait before they are answered.
    is_answering: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    is_tls: bool = False

    @property
    def url(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://127.0.0.1:{self.port}"

    def clone_url(self, full_name: str) -> str:
        return f"{self.url}/{full_name}.git"

    def create(self, full_name: str, object_format: str = "sha1") -> GitRepository:
        return GitRepository.create(self.folder / f"{full_name}.git", object_format)


@contextmanager
def serve_git(folder: Path, tokens: set[str] | None = None, *, is_tls: bool = False) -> Iterator[GitServer]:
    """Serve on a free port of the loopback address until the block ends; TLS is with a certificate of our own."""
    server = GitServer(folder, tokens or set(), is_tls=is_tls)
    server.is_answering.set()
    handler = type("Handler", (_Handler,), {"git": server})
    http = _Server(("127.0.0.1", 0), handler)
    server.port = http.server_address[1]
    if is_tls:
        http.socket = _tls_context().wrap_socket(http.socket, server_side=True)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.is_answering.set()
        http.shutdown()
        http.server_close()
        thread.join()


def _tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder) / "key.pem", Path(folder) / "certificate.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        context.load_cert_chain(certificate, key)
    return context


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    git: GitServer
    protocol_version = "HTTP/1.1"
    #: Head and body in one packet: else each answer waits for a delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._read_body())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Say nothing: tests read `GitServer.requests`."""

    def _answer(self, body: bytes) -> None:
        path = urlsplit(self.path).path
        self.git.requests.append((self.command, path, "Authorization" in self.headers))
        self.git.is_answering.wait()
        is_refused = bool(self.git.tokens) and self._token() not in self.git.tokens
        moved = next((new + path[len(old) :] for old, new in self.git.redirects.items() if path.startswith(old)), None)
        if self.git.faults:
            self._send(self.git.faults.pop(0), {}, b"")
        elif moved and not (self.git.redirects_after_login and is_refused):
            query = urlsplit(self.path).query
            self._send(301, {"Location": moved + (f"?{query}" if query else "")}, b"")
        elif is_refused:
            self._send(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
        else:
            self._run_backend(path, body)

    def _token(self) -> str | None:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(value).decode().partition(":")[2] if kind == "Basic" else None

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _run_backend(self, path: str, body: bytes) -> None:
        environment = {
            **GIT_ENVIRONMENT,
            "GIT_PROJECT_ROOT": str(self.git.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": urlsplit(self.path).query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment, check=False)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self._send(int(headers.pop("Status", "200").split()[0]), headers, answer)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except ConnectionError:
            self.close_connection = True
