"""One campaign: load and blows side by side, then rest, then the checks."""

import threading
from concurrent.futures import ThreadPoolExecutor

from chaos.check import violations
from chaos.evidence import gather
from chaos.load import Load
from chaos.report import Verdict
from chaos.reruns import Rerunner
from chaos.schedule import plan
from chaos.settle import settle
from chaos.victims import Striker
from chaos.witness import Witness
from project import Project
from tisktask_runner.engine.podman_info import host_tag
from tisktask_runner.host.storage import Storage

#: Supervisors wait up to 10 s before a new start, an endless job has to be cancelled, and everything has to be told;
#: on a machine with other work, jobs of minutes have piled up.
SETTLE_SECONDS = 420.0


def run_campaign(project: Project, storage: Storage, seed: int, seconds: float) -> Verdict:
    """Push and strike for so long, wait until all is at rest, and judge."""
    stack = project.stack
    load = Load(project, seed)
    people = Rerunner(load)
    striker = Striker(stack, plan(seed, seconds))
    witness = Witness(stack.data / "runner" / "jobs", host_tag((stack.data / "host-name").read_text().strip()))
    over, struck = threading.Event(), threading.Event()
    with ThreadPoolExecutor(4, "chaos") as threads:
        watching = threads.submit(witness.watch_forever, over)
        cancelling = threads.submit(load.cancel_forever, over)
        rerunning = threads.submit(people.rerun_forever, over)
        striking = threads.submit(striker.run, struck)
        try:
            load.push_for(seconds)
            striking.result(timeout=60)
            unsettled = settle(load, people, storage, witness, SETTLE_SECONDS)
        finally:
            struck.set()
            over.set()
        watching.result(timeout=60)
        cancelling.result(timeout=60)
        rerunning.result(timeout=60)
    evidence = gather(project)
    found = [*load.refusals, *(f"did not come to rest: {one}" for one in unsettled)]
    reruns = list(people.reruns.values())
    found += violations(load.pushes, reruns, evidence, witness.starts, striker.struck)
    return Verdict(seed, seconds, load, striker, evidence, witness.starts, found)
