"""The shell of a service, as a real process: health, readiness, metrics, orderly end."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from nats_server import free_port

PROGRAM = """
import asyncio
from tisktask_common.process.service import Process, run_service
from tisktask_common.process.settings import Settings

async def main(process: Process) -> None:
    async def broken() -> bool:
        raise RuntimeError("away")
    process.ready_checks["part"] = broken
    server = await process.serve_http()
    try:
        await asyncio.sleep(60)
    finally:
        await server.close()
        print("closed", flush=True)

run_service("probe", Settings(), main)
"""


@pytest.fixture
def probe():
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"TISKTASK_LISTEN": f"127.0.0.1:{port}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process, f"http://127.0.0.1:{port}"
    process.kill()
    process.communicate()


def _get(url):
    deadline = time.monotonic() + 15
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_a_service_tells_its_health_and_ends_in_order(probe):
    process, url = probe
    assert _get(f"{url}/healthz")[0] == 200
    status, body = _get(f"{url}/readyz")
    assert status == 503
    assert json.loads(body)["parts"] == {"part": False}
    assert "python_info" in _get(f"{url}/metrics")[1]
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    lines = output.splitlines()
    assert "closed" in lines
    assert all(json.loads(line)["service"] == "probe" for line in lines if line != "closed")
