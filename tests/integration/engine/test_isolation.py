"""What a job can reach over the network: the outside, and nothing of this machine."""

import asyncio
import contextlib
import json
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from podman_host import IMAGE, PodmanHost, Pods, until
from tisktask_runner.engine.isolation import Isolation
from tisktask_runner.engine.model import Mount
from tisktask_runner.engine.pods import Engine, open_engine
from tisktask_runner.host.facts import read_facts

LISTEN = "echo up; nc -ll -p 8000 -e /bin/echo reached"


@pytest.fixture
async def engine(podman_host: PodmanHost) -> AsyncIterator[Engine]:
    async with open_engine(replace(podman_host.place(), garbage_age_seconds=0)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _needs_rules(engine: Engine) -> None:
    if not engine.isolation.is_possible:
        pytest.skip(f"no firewall rules on this host: {engine.isolation.impossible_because}")


@pytest.fixture
def pods(pods: Pods) -> Pods:
    """Pods here have networks."""
    pods.defaults["network"] = True
    return pods


@pytest.fixture
async def host_port() -> AsyncIterator[int]:
    """A service of the host on all its addresses, IPv4 and IPv6."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"reached\n")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    server = await asyncio.start_server(answer, sock=listener)
    yield listener.getsockname()[1]
    server.close()


async def test_a_job_can_not_reach_the_host_at_any_address(pods: Pods, host_port: int) -> None:
    addresses = _host_addresses()
    for address in addresses:
        assert await _ask(address, host_port) == "reached\n"
    script = "gateway=$(ip route | awk '/default/ {print $3}'); echo gateway $gateway\n" + "".join(
        f"nc -w 3 {address} {host_port} </dev/null || echo refused\n" for address in ["$gateway", *addresses]
    )
    out = await pods.output("to-host", script)
    assert "reached" not in out
    assert out.splitlines().count("refused") == 1 + len(addresses), out


async def test_a_job_can_not_reach_the_host_by_the_bridges_link_local_address(pods: Pods, host_port: int) -> None:
    pod = await pods.sh(
        "to-link-local",
        "echo up; while [ ! -s /w/address ]; do sleep 0.05; done; "
        f"nc -w 3 $(cat /w/address)%eth0 {host_port} </dev/null || echo refused",
        **_shared(pods),
    )
    await until(pod, "up")
    bridge = json.loads(_run("ip", "-json", "-6", "address", "show", "dev", _bridge_of(pod.network or "")))
    (pods.folder / "address").write_text(bridge[0]["addr_info"][0]["local"])
    await pods.engine.wait(pod)
    await until(pod, "refused")


async def test_a_job_can_not_reach_another_job(pods: Pods) -> None:
    server = await pods.sh("server", f"ip -4 addr show eth0; {LISTEN}")
    await until(server, "up")
    address = _address_of(server.log_path.read_text())
    assert await _ask(address, 8000) == "reached\n"
    out = await pods.output("to-job", f"nc -w 3 {address} 8000 </dev/null || echo refused")
    assert out.endswith("refused\n")
    assert "reached" not in out


async def test_jobs_and_containers_of_the_default_network_can_not_reach_each_other(
    podman_host: PodmanHost, pods: Pods
) -> None:
    container = podman_host.podman("run", "-d", IMAGE, "sh", "-c", LISTEN).strip()
    try:
        job = await pods.sh("beside-default", f"ip -4 addr show eth0; {LISTEN}")
        await until(job, "up")
        theirs = podman_host.podman("inspect", "--format", "{{.NetworkSettings.IPAddress}}", container).strip()
        assert await _ask(theirs, 8000) == "reached\n"
        out = await pods.output("to-default", f"nc -w 3 {theirs} 8000 </dev/null || echo refused")
        assert out.endswith("refused\n")
        address = _address_of(job.log_path.read_text())
        assert await _ask(address, 8000) == "reached\n"
        back = podman_host.podman("exec", container, "sh", "-c", f"nc -w 3 {address} 8000 </dev/null || echo refused")
        assert back.endswith("refused\n")
    finally:
        podman_host.podman("rm", "--force", "--time", "0", container)


async def test_a_job_reaches_the_outside_but_no_metadata_service(pods: Pods) -> None:
    """The outside is a network namespace of ours behind a route, with metadata's address on it too."""
    with _outside():
        for address in ("198.51.100.2", "169.254.169.254"):
            assert await _ask(address, 8000) == "reached\n"
        script = "nc -w 3 198.51.100.2 8000 </dev/null; nc -w 3 169.254.169.254 8000 </dev/null 2>&1 || echo refused"
        out = await pods.output("to-outside", script)
    assert out.splitlines()[0] == "reached"
    assert out.splitlines()[-1] == "refused"
    assert out.count("reached") == 1


async def test_a_job_without_a_network_has_only_loopback(pods: Pods) -> None:
    out = await pods.output("alone", "ls /sys/class/net", network=False)
    assert out.split() == ["lo"]


async def test_a_job_asks_the_hosts_name_servers(pods: Pods) -> None:
    wanted = {server for server in read_facts().nameservers if not server.startswith("127.")}
    out = await pods.output("names", "cat /etc/resolv.conf")
    assert wanted <= {line.split()[1] for line in out.splitlines() if line.startswith("nameserver")}


async def test_builds_have_a_network_that_can_not_reach_the_host(
    podman_host: PodmanHost, engine: Engine, host_port: int, tmp_path: Path
) -> None:
    network = await engine.build_network()
    assert network == await engine.build_network()
    assert (await engine.collect_garbage(lambda _: True)).networks == 0
    gateway = "$(ip route | awk '/default/ {print $3}')"
    asking = f"nc -w 3 {gateway} {host_port} </dev/null || echo refused"
    (tmp_path / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN {asking}\n")
    try:
        said = podman_host.podman("build", "--no-cache", "--network", str(network), str(tmp_path))
    finally:
        podman_host.podman("network", "rm", str(network))
    assert "refused" in said
    assert "reached" not in said


async def test_rules_that_were_removed_or_overtaken_are_put_back(pods: Pods) -> None:
    isolation = Isolation.on_this_host()
    isolation.install()
    before = _run("iptables", "-S")
    _run("iptables", "-D", "INPUT", "1")
    _run("iptables", "-I", "FORWARD", "1", "-i", "tisk-nobody", "-j", "ACCEPT")
    _run("iptables", "-I", "TISKTASK-FORWARD", "1", "-j", "ACCEPT")
    try:
        isolation.install()
        after = _run("iptables", "-S")
    finally:
        _run("iptables", "-D", "FORWARD", "-i", "tisk-nobody", "-j", "ACCEPT")
    assert _ours(after) == _ours(before)
    assert next(line for line in after.splitlines() if line.startswith("-A FORWARD")).endswith("TISKTASK-FORWARD")
    assert pods.engine.isolation.is_possible


async def _ask(address: str, port: int, seconds: float = 10) -> str:
    """What a service answers to this host; waits for it to listen."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            reader, writer = await asyncio.open_connection(address, port)
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens on {address}:{port}"
            await asyncio.sleep(0.05)
        else:
            text = (await reader.read()).decode()
            writer.close()
            return text


def _ours(rules: str) -> list[str]:
    return [line for line in rules.splitlines() if "TISKTASK" in line and line.startswith("-A")]


@contextlib.contextmanager
def _outside():
    """A host of the outside: 198.51.100.2 (and the metadata address), one hop away."""
    name = "tisktest-out"
    listener = None
    try:
        _run("ip", "netns", "add", name)
        _run("ip", "link", "add", "ttest0", "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "address", "add", "198.51.100.1/24", "dev", "ttest0")
        _run("ip", "link", "set", "ttest0", "up")
        for command in (
            "link set lo up",
            "link set eth0 up",
            "address add 198.51.100.2/24 dev eth0",
            "address add 169.254.169.254/32 dev eth0",
            "route add default via 198.51.100.1",
        ):
            _run("ip", "-n", name, *command.split())
        _run("ip", "route", "add", "169.254.169.254/32", "via", "198.51.100.2")
        listener = subprocess.Popen(
            ["ip", "netns", "exec", name, "busybox", "nc", "-ll", "-p", "8000", "-e", "/bin/echo", "reached"]
        )
        yield
    finally:
        if listener:
            listener.kill()
            listener.wait()
        subprocess.run(["ip", "link", "delete", "ttest0"], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def _shared(pods: Pods) -> dict[str, object]:
    return {"mounts": [Mount(pods.folder, "/w")]}


def _host_addresses() -> list[str]:
    links = json.loads(_run("ip", "-json", "-4", "address"))
    return [info["local"] for link in links for info in link["addr_info"] if info["local"] != "127.0.0.1"]


def _bridge_of(network: str) -> str:
    return json.loads(_run("cat", f"/etc/containers/networks/{network}.json"))["network_interface"]


def _address_of(log: str) -> str:
    return log.split("inet ")[1].split("/", maxsplit=1)[0]


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
