"""Finds a Podman configuration that works on this host, and remembers it until the host changes."""

import fcntl
import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from tisktask_runner.host import words
from tisktask_runner.host.candidates import Candidate, candidates, containers_conf, storage_conf
from tisktask_runner.host.errors import HostError
from tisktask_runner.host.facts import Facts, read_facts
from tisktask_runner.host.proof import COMMAND_SECONDS_MAX, Proof, prove
from tisktask_runner.host.storage import Storage

log = structlog.get_logger()

#: Raised when what is written changes: an upgraded Tisktask proves again.
_VERSION = 1


@dataclass(frozen=True)
class Configured:
    """A configuration that was proven."""

    description: str
    #: Networks that a pod can have, the best first.
    networks: tuple[str, ...]
    #: It was found before, on this same host.
    was_known: bool


def configure(storage: Storage) -> Configured:
    """Make `containers.conf` (and `storage.conf` for a storage of our own) true; raises HostError with all causes."""
    facts = read_facts()
    if not facts.has("podman"):
        raise HostError(words.PODMAN_MISSING)
    storage.containers_conf.parent.mkdir(parents=True, exist_ok=True)
    with _alone(storage):
        return read_configured(storage, facts) or _find(storage, facts)


def read_configured(storage: Storage, facts: Facts) -> Configured | None:
    """What was proven on this host as it is now; None: nothing yet."""
    try:
        known = json.loads(_record(storage).read_text())
    except (OSError, ValueError):
        return None
    files = [storage.containers_conf] + ([storage.storage_conf] if storage.root else [])
    if known.get("fingerprint") != _fingerprint(storage, facts) or not all(file.exists() for file in files):
        return None
    return Configured(known["description"], tuple(known["networks"]), was_known=True)


def _find(storage: Storage, facts: Facts) -> Configured:
    tried: list[str] = []
    for candidate in candidates(facts, storage):
        _write(candidate, storage)
        environment = storage.environment(os.environ)
        if problem := _storage_problem(environment):
            tried.append(f"{candidate}: {problem}")
            continue
        proof = prove(environment, rootless=not facts.is_root)
        log.info("podman_configuration_tried", candidate=str(candidate), works=proof.networks, errors=proof.errors)
        if proof.holds:
            return _remember(storage, facts, candidate, proof)
        tried.append(f"{candidate}: {'; '.join(f'{key}: {value}' for key, value in proof.errors.items())}")
    raise HostError(words.nothing_works(tried, facts))


def _storage_problem(environment: dict[str, str]) -> str:
    """Ask Podman to open its storage: where that fails, no pod's error would say so clearly."""
    command = ["podman", "--log-level=error", "info", "--format", "{{.Store.GraphDriverName}}"]
    try:
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        return words.storage_silent(COMMAND_SECONDS_MAX)
    return "" if result.returncode == 0 else words.storage_problem(result.stderr.strip()[-600:])


def _remember(storage: Storage, facts: Facts, candidate: Candidate, proof: Proof) -> Configured:
    record = {
        "fingerprint": _fingerprint(storage, facts),
        "description": str(candidate),
        "networks": list(proof.networks),
    }
    _write_file(_record(storage), json.dumps(record, indent=1))
    return Configured(str(candidate), proof.networks, was_known=False)


def _fingerprint(storage: Storage, facts: Facts) -> str:
    return f"{_VERSION}.{facts.fingerprint}.{storage.root}.{storage.runroot}"


def _write(candidate: Candidate, storage: Storage) -> None:
    _write_file(storage.containers_conf, containers_conf(candidate, storage))
    if storage.root is not None:
        _write_file(storage.storage_conf, storage_conf(candidate, storage))


def _write_file(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    temporary.replace(path)


def _record(storage: Storage) -> Path:
    return storage.containers_conf.with_name("proven.json")


@contextmanager
def _alone(storage: Storage) -> Generator[None]:
    with storage.containers_conf.with_name("lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
