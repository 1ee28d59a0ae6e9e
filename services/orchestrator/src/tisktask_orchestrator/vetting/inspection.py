"""What the inspection of a run has found: nothing to run, or something that it is to be decided about."""

from tisktask_common.lifecycle import RunState
from tisktask_common.rpc import Prepared
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.endings import finish_run
from tisktask_orchestrator.preparation import are_all_skipped, skip_programs, skip_run, take_in_found
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_orchestrator.store.rows import JobRow
from tisktask_orchestrator.store.vetting import note_inspected
from tisktask_orchestrator.vetting import words


async def conclude_inspection(
    change: RunChange, inspection: JobRow, prepared: Prepared | None, settings: OrchestratorSettings
) -> None:
    """Go on with the run after its inspection has ended: where there is nothing to run, nobody is asked."""
    found = await take_in_found(change, inspection, prepared, settings)
    if found is None:
        return
    if _has_nothing_to_run(found):
        await (skip_programs(change, found) if found.programs else skip_run(change))
        return
    if found.programs and not found.programs_tree:
        # Without it an approval would not be pinned to what was seen.
        await finish_run(change, RunState.ERRORED, words.NO_TREE_TOLD)
        return
    names = [program.name for program in found.programs]
    await note_inspected(
        change.connection, change.run.id, names, found.programs_tree, changes_programs=found.changes_programs
    )
    change.is_vetting_wanted = True


def _has_nothing_to_run(found: Prepared) -> bool:
    """Tell whether there is nothing to run that the change itself has not taken out, or filtered.

    A forge takes what is skipped for passed, so a stranger's change to that is one that somebody has to allow.
    """
    if not found.programs:
        return not found.changes_programs
    return are_all_skipped(found) and found.changes_programs is False
