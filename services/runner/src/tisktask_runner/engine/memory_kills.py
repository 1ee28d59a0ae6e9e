"""Finds where the kernel counts the kills of a container, and knows which pods have more than the job's."""

from dataclasses import dataclass, field

from tisktask_runner.engine.cgroup import KillCount
from tisktask_runner.engine.libpod import Libpod
from tisktask_runner.engine.model import Pod
from tisktask_runner.engine.podman_info import PodmanInfo


@dataclass
class KillCounts:
    """Finds the counts of the containers of one runner host."""

    libpod: Libpod
    host: str
    _accompanied: set[str] = field(default_factory=set[str])

    async def of(self, pod: Pod, info: PodmanInfo) -> KillCount:
        if pod.is_beside:
            self.note_company(pod)
        if parent := info.cgroup_parent(self.host):
            group = f"{parent}/{pod.pod_id}"
        else:
            group = (await self.libpod.get(f"/pods/{pod.pod_id}/json")).get("CgroupPath") or ""
        own, whole_pod = info.layout.out_of_memory_files(group, pod.container_id)
        return KillCount(own, whole_pod, lambda: pod.pod_id in self._accompanied)

    def note_company(self, pod: Pod) -> None:
        """Remember that a pod has containers beside the job's."""
        self._accompanied.add(pod.pod_id)

    def forget(self, pod: Pod) -> None:
        self._accompanied.discard(pod.pod_id)
