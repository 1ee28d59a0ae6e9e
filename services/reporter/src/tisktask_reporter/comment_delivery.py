"""Keeps one comment on a pull request up to date: finds its own again by a mark, makes it or changes it."""

from dataclasses import dataclass

from tisktask_reporter import words_for_apps as words
from tisktask_reporter.forges import forgejo, github
from tisktask_reporter.forges.comments import comment_mark, comment_path, comments_path, pull_number
from tisktask_reporter.forges.exchange import Exchange
from tisktask_reporter.forges.policy import Delivered, History, Hopeless, Verdict, budget_pause
from tisktask_reporter.forges.request import Access, Answer, ForgeRequest
from tisktask_reporter.markdown import comment_text
from tisktask_reporter.remarks import RemarkReader
from tisktask_reporter.store import Claim, Store
from tisktask_reporter.times import Clock

_NOT_FOUND = frozenset({404, 410})


@dataclass(frozen=True)
class CommentDelivery:
    """Posts comments for claims; never raises for what a forge or a network does."""

    exchange: Exchange
    store: Store
    remarks: RemarkReader
    clock: Clock

    async def post(self, claim: Claim, access: Access, history: History) -> Verdict:
        number, mark = pull_number(claim.key), comment_mark(claim.key, access)
        known = claim.told.check_id
        if known is None:
            # Made by a post that got no answer, or by a reporter that has forgotten it.
            found = await self._find(number, mark, access, history)
            if not isinstance(found, int | None):
                return found
            known = found
        body = {"body": await self._text(claim, mark)}
        outcome = await self.exchange.ask(_write(access, number, known, body), access, history)
        if known is not None and _is_gone(outcome):
            # Somebody has deleted it; whoever wants none turns it off for the repository.
            outcome = await self.exchange.ask(_write(access, number, None, body), access, history)
        if not isinstance(outcome, Answer):
            return outcome
        made = outcome.field("id", int)
        if made is None:
            return Hopeless(words.comment_answer_not_understood())
        await self.store.note_place(claim, "comment", made, 0)
        return Delivered(budget_pause(outcome.headers, self.clock()) or 0, outcome.is_moved)

    async def _text(self, claim: Claim, mark: str) -> str:
        run = await self.remarks.read_run(claim.run_id)
        jobs = await self.remarks.list_jobs(claim.run_id)
        return comment_text(mark, run, claim.shown.description, jobs, claim.shown.target_url)

    async def _find(self, number: int, mark: str, access: Access, history: History) -> int | Verdict | None:
        request = _get(access, comments_path(access.full_name, number))
        outcome = await self.exchange.ask(request, access, history)
        if not isinstance(outcome, Answer):
            return outcome
        for one in outcome.body if isinstance(outcome.body, list) else []:
            match one:
                case {"id": int(found), "body": str(body)} if body.startswith(mark):
                    return found
                case _:
                    continue
        return None


def _write(access: Access, number: int, known: int | None, body: dict[str, str]) -> ForgeRequest:
    made = github if access.forge == "github" else forgejo
    if known is None:
        return made.post_request(access, comments_path(access.full_name, number, is_list=False), body)
    return made.patch_request(access, comment_path(access.full_name, known), body)


def _get(access: Access, path: str) -> ForgeRequest:
    return (github if access.forge == "github" else forgejo).get_request(access, path)


def _is_gone(outcome: Answer | Verdict) -> bool:
    return isinstance(outcome, Hopeless) and outcome.answer is not None and outcome.answer.status in _NOT_FOUND
