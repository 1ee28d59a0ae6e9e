"""Prepares a run: fetches the commit, finds its jobs, and makes their images. Its log tells a person what happened."""

from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import BuiltImage, JobSpec, Policy, Prepared, Program
from tisktask_runner import words
from tisktask_runner.attempt.commit import CommitRead, read_commit
from tisktask_runner.attempt.directory import AttemptDirectory
from tisktask_runner.attempt.images import PLATFORM, image_scope
from tisktask_runner.attempt.inspection import changes_programs, removes_programs
from tisktask_runner.attempt.notes import Notes
from tisktask_runner.attempt.outcome import Outcome, failed
from tisktask_runner.attempt.path_filters import Filtered, filter_by_paths
from tisktask_runner.attempt.refusals import outcome_of_source
from tisktask_runner.attempt.stopwatch import Stopwatch
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.image.key import ImagePlan, plan_image
from tisktask_runner.source.checkout import check_out
from tisktask_runner.source.discovery import Discovered, FoundProgram, TooManyPrograms, discover
from tisktask_runner.source.outcomes import CheckedOut, CheckoutFailed, Fetched
from tisktask_runner.source.policies import HeaderMistakes, Policies, read_policies
from tisktask_runner.source.unsupported import unsupported_warnings


async def prepare(shop: Workshop, directory: AttemptDirectory, spec: JobSpec, stopwatch: Stopwatch) -> Outcome:
    """Prepare the run; the outcome carries its jobs."""
    notes = Notes(directory.output_log)
    notes.say(words.inspecting(spec) if spec.is_inspection else words.preparing(spec))
    read = await stopwatch.time("source", read_commit(shop, spec))
    if not isinstance(read, CommitRead):
        return _tell(notes, outcome_of_source(read))
    tree = read.listing.programs_tree
    if spec.approved_tree not in {"", tree}:
        return _tell(notes, failed(words.programs_differ(spec.approved_tree, tree)))
    found = discover(read.listing.entries, spec.change.event, spec.change.action)
    if isinstance(found, TooManyPrograms):
        return _tell(notes, failed(found.reason))
    warnings = [*found.warnings, *unsupported_warnings(read.listing)]
    _tell_found(notes, read.fetched, found, warnings)
    policies = await _read_policies(notes, read, found)
    if isinstance(policies, Outcome):
        return _tell(notes, policies)
    filtered = await stopwatch.time("paths", _filter(shop, spec, read, policies, notes))
    plans = {
        program.path: plan_image(read.listing, program.path, PLATFORM, image_scope(spec)) for program in found.programs
    }
    # Of an inspection none: what builds execute, nobody has allowed yet.
    wanted = {path: plan for path, plan in plans.items() if path not in filtered.reasons and not spec.is_inspection}
    built = await stopwatch.time("images", _make_images(shop, directory, read.fetched, wanted))
    if isinstance(built, Outcome):
        return _tell(notes, built)
    is_changed = await _compare_programs(shop, spec, read, found, notes) if spec.is_inspection else None
    prepared = Prepared(
        programs=[_program(one, plans[one.path], policies, filtered) for one in found.programs],
        warnings=[*warnings, *filtered.warnings],
        title=read.fetched.title,
        images_built=built,
        programs_tree=tree,
        changes_programs=is_changed,
    )
    reason = "" if found.programs else found.reason_if_empty
    return Outcome(JobState.SUCCEEDED, reason, prepared=prepared)


async def _read_policies(notes: Notes, read: CommitRead, found: Discovered) -> Policies | Outcome:
    policies = await read_policies(read.fetched.mirror, read.listing, [program.path for program in found.programs])
    if isinstance(policies, CheckoutFailed):
        return outcome_of_source(policies)
    if isinstance(policies, HeaderMistakes):
        for mistake in policies.mistakes:
            notes.say(mistake)
        return failed(policies.reason)
    return policies


async def _filter(shop: Workshop, spec: JobSpec, read: CommitRead, policies: Policies, notes: Notes) -> Filtered:
    return await filter_by_paths(shop.mirrors, shop.wanted_commit(spec), spec.change, read, policies, notes)


async def _compare_programs(
    shop: Workshop, spec: JobSpec, read: CommitRead, found: Discovered, notes: Notes
) -> bool | None:
    compare = changes_programs if found.programs else removes_programs
    return await compare(shop.mirrors, shop.wanted_commit(spec), spec.change, read, notes)


async def _make_images(
    shop: Workshop, directory: AttemptDirectory, fetched: Fetched, plans: dict[str, ImagePlan | None]
) -> list[BuiltImage] | Outcome:
    """Make each image once, one after the other: their output shares one log."""
    if None in plans.values() and isinstance(refusal := await shop.images.ensure_default(), Outcome):
        return refusal
    built: list[BuiltImage] = []
    has_context = False
    for plan in {plan.key: plan for plan in plans.values() if plan}.values():
        if plan.reads_context and not has_context and not await shop.images.has(plan):
            directory.clear_work()
            context = await check_out(fetched.mirror, fetched.sha, directory.workspace)
            if not isinstance(context, CheckedOut):
                return outcome_of_source(context)
            has_context = True
        made = await shop.images.make(plan, directory.workspace, directory.output_log)
        if isinstance(made, Outcome):
            return made
        if made.built:
            built.append(BuiltImage(key=plan.key, build_file=plan.build_file, seconds=made.seconds))
    return built


def _program(found: FoundProgram, plan: ImagePlan | None, policies: Policies, filtered: Filtered) -> Program:
    return Program(
        name=found.name,
        path=found.path,
        build_file=plan.build_file if plan else None,
        image_key=plan.key if plan else None,
        policy=policies.get(found.path, Policy()),
        skip_reason=filtered.reasons.get(found.path, ""),
    )


def _tell(notes: Notes, outcome: Outcome) -> Outcome:
    notes.say(outcome.reason)
    return outcome


def _tell_found(notes: Notes, fetched: Fetched, found: Discovered, warnings: list[str]) -> None:
    notes.say(words.commit_fetched(fetched.sha, fetched.title))
    for program in found.programs:
        notes.say(words.job_found(program.name, program.path))
    if not found.programs:
        notes.say(found.reason_if_empty)
    for warning in warnings:
        notes.say(words.warning(warning))
