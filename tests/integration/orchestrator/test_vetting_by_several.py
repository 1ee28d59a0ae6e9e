"""Several orchestrators, and dying ones, decide about runs once each."""

from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, make_settings, orchestrating
from tisktask_common.bus.connection import Bus
from tisktask_common.events import RunHeld
from vetting_stage import set_scene


async def test_an_orchestrator_that_dies_before_it_decides_leaves_the_decision_to_another(
    bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    settings = make_settings(nats_server.url, database_url)
    stage = Stage(bus, nats_server.url, database_url, settings)
    async with orchestrating(settings):
        scene = await set_scene(stage)
        scene.gate.clear()
        run = await scene.pull_request("d1", actor="bob")
        await scene.inspect()

        async def is_asked() -> bool:
            return bool(scene.asked)

        await eventually(is_asked, "the forge is asked")
    assert await stage.run_state(run) == "staged"
    # The dead one's lease is over.
    await stage.rows("UPDATE orchestrator.vettings SET next_at = now()")
    scene.writers.add("bob")
    scene.gate.set()
    async with orchestrating(settings):
        assert not (await scene.prepare()).is_restricted
    await scene.runner.bus.close()


async def test_several_orchestrators_decide_each_run_once(
    stage: Stage, bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    scene = await set_scene(stage)
    async with orchestrating(make_settings(nats_server.url, database_url)):
        runs = [await scene.fork(f"d{number}", pull_request=number) for number in range(1, 13)]
        for _ in runs:
            await scene.inspect()
        for run in runs:
            await stage.wait_for_run(run, "awaiting_approval")
        held = await scene.told(RunHeld)
    assert sorted(event.run_id for event in held) == sorted(runs)
