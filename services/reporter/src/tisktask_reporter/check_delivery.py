"""Shows one place as a check: makes it or changes it, with all that its job has said; a part with each claim."""

from dataclasses import dataclass, replace

import structlog

from tisktask_reporter import words_for_apps as words
from tisktask_reporter.forges import github
from tisktask_reporter.forges.checks import ANNOTATIONS_MAX, Check, check_body
from tisktask_reporter.forges.exchange import Exchange
from tisktask_reporter.forges.policy import Delivered, History, Hopeless, Verdict, budget_pause
from tisktask_reporter.forges.request import Access, Answer
from tisktask_reporter.markdown import job_text, run_text
from tisktask_reporter.remarks import RemarkReader
from tisktask_reporter.said import Annotation
from tisktask_reporter.status import StatusState
from tisktask_reporter.store import Claim, Store
from tisktask_reporter.times import Clock

log = structlog.get_logger()

#: Instead of the number of annotations that were told: no more are to be.
_NO_MORE = 2**62


@dataclass(frozen=True)
class Known:
    """What is known of a check at the forge; without a number there is none yet."""

    check_id: int | None
    annotations: int


@dataclass(frozen=True)
class CheckDelivery:
    """Posts checks for claims; never raises for what a forge or a network does."""

    exchange: Exchange
    store: Store
    remarks: RemarkReader
    clock: Clock

    async def post(self, claim: Claim, access: Access, history: History) -> Verdict:
        """Bring the check a step further: one request that writes."""
        is_ours = claim.told.check_of == claim.run_id
        known = Known(claim.told.check_id, claim.told.annotations_told) if is_ours else Known(None, 0)
        if claim.tries and known.annotations < _NO_MORE:
            # A post that got no answer may have made the check, or added to it.
            found = await self._find(claim, access, history)
            if not isinstance(found, Known):
                return found
            known = found
        check_id, told = known.check_id, known.annotations
        annotations = await self._annotations(claim, told)
        check = await self._check(claim, annotations[:ANNOTATIONS_MAX])
        told += len(check.annotations)
        outcome = await self._send(check, check_id, access, history)
        if _is_refused(outcome) and check.annotations:
            # Rather the check without its annotations than none.
            log.warning("annotations_not_accepted", check=claim.key.context, run_id=claim.run_id)
            annotations, told = [], _NO_MORE
            outcome = await self._send(replace(check, annotations=()), check_id, access, history)
        if not isinstance(outcome, Answer):
            return outcome
        number = outcome.field("id", int)
        if number is None:
            return Hopeless(words.check_answer_not_understood())
        await self.store.note_place(claim, "check", number, told)
        is_part = len(annotations) > ANNOTATIONS_MAX
        return Delivered(budget_pause(outcome.headers, self.clock()) or 0, outcome.is_moved, is_part)

    async def _send(self, check: Check, check_id: int | None, access: Access, history: History) -> Answer | Verdict:
        body = check_body(check)
        if check_id is None:
            return await self.exchange.ask(github.new_check_request(access, check.key.sha, body), access, history)
        return await self.exchange.ask(github.check_request(access, check_id, body), access, history)

    async def _annotations(self, claim: Claim, after: int) -> list[Annotation]:
        if claim.shown.state is StatusState.PENDING:
            return []
        return await self.remarks.list_annotations(claim.run_id, claim.told.job_id, after, ANNOTATIONS_MAX + 1)

    async def _check(self, claim: Claim, annotations: list[Annotation]) -> Check:
        return Check(
            claim.key,
            claim.shown,
            claim.told.job_id or claim.run_id,
            claim.told.conclusion,
            await self._text(claim),
            annotations,
        )

    async def _text(self, claim: Claim) -> str:
        shown, job = claim.shown, claim.told.job_id
        if shown.state is StatusState.PENDING:
            return shown.description
        remarks = await self.remarks.list_remarks(claim.run_id, job)
        if job is not None:
            return job_text(shown.description, await self.remarks.read_summary(job), remarks, shown.target_url)
        return run_text(shown.description, await self.remarks.list_jobs(claim.run_id), remarks, shown.target_url)

    async def _find(self, claim: Claim, access: Access, history: History) -> "Known | Verdict":
        outcome = await self.exchange.ask(github.find_check_request(access, claim.key), access, history)
        if not isinstance(outcome, Answer):
            return outcome
        wanted = claim.told.job_id or claim.run_id
        for one in outcome.field("check_runs", list) or []:
            match one:
                case {"id": int(number), "external_id": str(name), "output": {"annotations_count": int(count)}}:
                    if name == wanted:
                        return Known(number, count)
                case _:
                    continue
        return Known(None, 0)


def _is_refused(outcome: Answer | Verdict) -> bool:
    return isinstance(outcome, Hopeless) and outcome.answer is not None and outcome.answer.status == 422
