"""The REST API over HTTP: shapes, limits, errors, orders to the orchestrator."""

import io
import json
from typing import Any

import pytest
from yarl import URL

from logstream_chunks import Sender, make_chunk, make_chunks, numbered
from logstream_records import Records
from logstream_stand import Client, Logstream, collect, get_valid
from tisktask_common.bus.connection import Bus
from tisktask_common.database.migrate import load_migrations, migrate
from tisktask_common.database.pool import open_pool
from tisktask_common.errors import ConflictError, NotFoundError
from tisktask_common.events import Repository, Value
from tisktask_common.ids import JobId, RepositoryId, RunId
from tisktask_common.orders import CancelJob, CancelRun
from tisktask_common.process.settings import DatabaseSettings
from tisktask_common.rpc import Accepted, AddRepository, AskPublicKey, PublicKey, RemoveRepository
from tisktask_common.sealing import KeyPair
from tisktask_logstream.database import Database
from tisktask_logstream.log_names import LogName
from tisktask_logstream.store import RunFilter, Store


async def test_runs_are_listed_with_their_jobs_newest_first_page_by_page(client: Client, records: Records) -> None:
    runs = [records.add_run("acme/paged", number=number) for number in (1, 2, 3)]
    job = records.add_job(runs[2], "build", state="failed", exit_code=3)
    preparation = records.add_job(runs[2], "prepare", kind="prepare", state="succeeded")
    page = await get_valid(client, "/api/v1/runs", "/api/v1/runs", repository="acme/paged", limit=2)
    assert [run["id"] for run in page["items"]] == [runs[2], runs[1]]
    newest = page["items"][0]
    assert {key: newest["jobs"][0][key] for key in ("id", "name", "state", "exit_code", "attempt")} == {
        "id": job,
        "name": "build",
        "state": "failed",
        "exit_code": 3,
        "attempt": 1,
    }
    assert newest["preparation"]["id"] == preparation
    assert (newest["event"], newest["repository"], newest["sha"]) == ("push", "acme/paged", "ab" * 20)
    rest = await client.get("/api/v1/runs", repository="acme/paged", limit=2, after=page["next"])
    assert ([run["id"] for run in rest["items"]], rest["next"]) == ([runs[0]], None)


async def test_runs_are_found_by_commit_and_by_state(client: Client, records: Records) -> None:
    run = records.add_run("acme/found", sha="c0ffee" + "0" * 34, state="timed_out")
    records.add_run("acme/found", state="succeeded")
    for query in ({"sha": "C0FFEE"}, {"sha": "c0ffee" + "0" * 34}, {"state": "timed_out,errored"}):
        page = await client.get("/api/v1/runs", repository="acme/found", **query)
        assert [found["id"] for found in page["items"]] == [run]


async def test_a_run_a_job_and_the_lists_have_the_documented_shapes(client: Client, records: Records) -> None:
    records.add_repository()
    records.insert(
        "runners", runner="h", replica="1", pool="default", slots=2, busy=1, is_draining=False, version="1",
        engine="podman", last_seen_at="2026-01-01T00:00:00Z", is_alive=True,
    )  # fmt: skip
    run = records.add_run(warnings=["chmod +x"])
    job = records.add_job(run)
    assert (await get_valid(client, f"/api/v1/runs/{run}", "/api/v1/runs/{id}"))["warnings"] == ["chmod +x"]
    shown = await get_valid(client, f"/api/v1/jobs/{job}", "/api/v1/jobs/{id}")
    assert [attempt["runner"] for attempt in shown["attempts"]] == ["host-1"]
    assert (await get_valid(client, "/api/v1/repositories", "/api/v1/repositories"))["items"]
    assert (await get_valid(client, "/api/v1/runners", "/api/v1/runners"))["items"]


async def test_a_log_is_read_by_range_and_by_tail(shared_bus: Bus, client: Client, records: Records) -> None:
    job = records.add_job(run := records.add_run())
    sender = Sender(shared_bus, run, job)
    await sender.send(*make_chunks(numbered(100), 500, ends=False), make_chunk(len(numbered(100)), b"part"))
    await sender.send(make_chunk(len(numbered(100)) + 4, b"", is_last=True))
    await collect(client, job)
    path, template = f"/api/v1/jobs/{job}/log", "/api/v1/jobs/{id}/log"
    page = await get_valid(client, path, template, from_line=10, lines=3)
    assert [line["n"] for line in page["lines"]] == [10, 11, 12]
    assert (page["total"], page["complete"], page["truncated"], page["attempt"]) == (101, True, False, 1)
    page = await get_valid(client, path, template, tail=2)
    assert [line["text"] for line in page["lines"]] == ["line 100 of the log", "part"]
    assert (await client.get(path, from_line=500))["lines"] == []
    assert len((await client.get(path, lines=5))["lines"]) == 5


async def test_a_raw_log_can_be_asked_for_in_part(shared_bus: Bus, client: Client, records: Records) -> None:
    job = records.add_job(run := records.add_run())
    await Sender(shared_bus, run, job).send(make_chunk(0, b"0123456789", is_last=True))
    await collect(client, job)
    async with client.http.get(f"/api/v1/jobs/{job}/log", headers={"Range": "bytes=2-5"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"2345")


async def test_each_attempt_has_its_log(shared_bus: Bus, client: Client, records: Records) -> None:
    job = records.add_job(run := records.add_run(), attempt=2)
    records.insert("attempts", job_id=job, attempt=1, runner="host-1", state="errored")
    for attempt in (1, 2):
        text = f"attempt {attempt}\n".encode()
        await Sender(shared_bus, run, job, attempt).send(make_chunk(0, text, is_last=True))
    await collect(client, job)
    path = f"/api/v1/jobs/{job}/log"
    assert (await client.get(path, tail=1))["lines"][0]["text"] == "attempt 2"
    assert (await client.get(path, tail=1, attempt=1))["lines"][0]["text"] == "attempt 1"
    assert (await client.status_and_error("GET", f"{path}?attempt=3"))[:2] == (404, "not_found")


async def test_a_log_that_has_not_begun_is_empty(client: Client, records: Records) -> None:
    job = records.add_job(records.add_run(), state="queued", runner=None)
    async with client.http.get(f"/api/v1/jobs/{job}/log") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    assert (await client.get(f"/api/v1/jobs/{job}/log", tail=5))["total"] == 0


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/api/v1/runs?limit=0", "limit"),
        ("/api/v1/runs?limit=many", "limit"),
        ("/api/v1/runs?sha=xyz!", "sha"),
        ("/api/v1/runs?state=great", "great is not a state"),
        ("/api/v1/runs?colour=red", "colour"),
        ("/api/v1/runs?limit=1&limit=2", "twice"),
        ("/api/v1/jobs/J/log?from_line=0", "from_line"),
        ("/api/v1/jobs/J/log?lines=10001", "lines"),
        ("/api/v1/jobs/J/log?tail=5&lines=5", "tail"),
        ("/api/v1/jobs/J/log?attempt=-1", "attempt"),
    ],
)
async def test_a_wrong_question_is_refused_with_its_reason(
    client: Client, records: Records, path: str, problem: str
) -> None:
    job = records.add_job(records.add_run())
    status, code, message = await client.status_and_error("GET", path.replace("/J/", f"/{job}/"))
    assert (status, code) == (400, "bad_request")
    assert problem in message


async def test_what_is_not_there_is_404_in_json(client: Client) -> None:
    for path in ("runs/run_x", "jobs/job_x", "jobs/job_x/log", "jobs/job_x/log/stream", "runs/run_x/stream", "nothing"):
        assert (await client.status_and_error("GET", f"/api/v1/{path}"))[:2] == (404, "not_found")
    assert (await client.status_and_error("PUT", "/api/v1/runs"))[0] == 405


@pytest.mark.parametrize("text", ["%00", "a%00b", "%ED%A0%80"])
async def test_what_no_text_has_is_never_asked_for(client: Client, text: str) -> None:
    for path in (f"/api/v1/runs/{text}", f"/api/v1/jobs/{text}/log", f"/runs/{text}"):
        async with client.http.get(URL(path, encoded=True)) as answer:
            assert answer.status == 404, path


@pytest.mark.parametrize("text", ["\\u0000", "a\\ud800b"])
async def test_what_can_not_be_kept_as_text_is_refused_by_its_name(client: Client, records: Records, text: str) -> None:
    repository = records.add_repository()
    body, headers = f'{{"inputs": {{"NAME": "{text}"}}}}', {"Content-Type": "application/json"}
    path = f"/api/v1/repositories/{repository}/runs"
    status, code, message = await client.status_and_error("POST", path, data=body, headers=headers)
    assert (status, code) == (400, "bad_request")
    assert "inputs" in message


async def test_a_query_that_no_text_has_is_refused(client: Client) -> None:
    status, code, message = await client.status_and_error("GET", "/api/v1/runs", params={"repository": "\0"})
    assert (status, code) == (400, "bad_request")
    assert "repository" in message


async def test_a_wrong_last_event_id_is_refused(client: Client, records: Records) -> None:
    job = records.add_job(records.add_run())
    headers = {"Last-Event-ID": "abc"}
    assert (await client.status_and_error("GET", f"/api/v1/jobs/{job}/log/stream", headers=headers))[0] == 400


async def test_orders_go_to_the_orchestrator_and_its_answer_comes_back(shared_bus: Bus, client: Client) -> None:
    async def cancel_run(order: CancelRun, caller: str) -> Value:
        assert (caller, order.actor) == ("logstream", "admin")
        if order.run_id != "run_1":
            raise NotFoundError("There is no such run.")
        return Accepted(accepted=True)

    async def cancel_job(_order: CancelJob, _caller: str) -> Value:
        raise ConflictError("The job has ended.")

    await shared_bus.answer(CancelRun, cancel_run, "orchestrator")
    await shared_bus.answer(CancelJob, cancel_job, "orchestrator")
    async with client.http.post("/api/v1/runs/run_1/cancel") as answer:
        assert (answer.status, (await answer.json())["accepted"]) == (200, True)
    assert (await client.status_and_error("POST", "/api/v1/runs/run_2/cancel"))[:2] == (404, "not_found")
    status, code, message = await client.status_and_error("POST", "/api/v1/jobs/job_1/cancel")
    assert (status, code, message) == (409, "conflict", "The job has ended.")


async def test_a_repository_is_added_with_secrets_sealed_for_the_orchestrator(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    keys, opened = KeyPair.generate(), []
    repository = records.add_repository("acme/added")

    async def public_key(_ask: AskPublicKey, _caller: str) -> Value:
        return PublicKey(public_key=keys.public)

    async def add(order: AddRepository, _caller: str) -> Value:
        opened.extend(keys.open(sealed or "") for sealed in (order.sealed_token, order.sealed_webhook_secret))
        return Repository(id=RepositoryId(repository), forge=order.forge, full_name=order.full_name)

    async def remove(order: RemoveRepository, _caller: str) -> Value:
        return Accepted(accepted=order.repository_id == repository)

    await shared_bus.answer(AskPublicKey, public_key, "orchestrator")
    await shared_bus.answer(AddRepository, add, "orchestrator")
    await shared_bus.answer(RemoveRepository, remove, "orchestrator")
    new = {
        "forge": "forgejo", "full_name": "acme/added", "clone_url": "https://forge.example/acme/added.git",
        "api_url": "https://forge.example/api/v1", "token": "t0ken", "webhook_secret": "s3cret",
    }  # fmt: skip
    async with client.http.post("/api/v1/repositories", json=new) as answer:
        assert (answer.status, (await answer.json())["id"]) == (201, repository)
    assert [secret.get_secret_value() for secret in opened] == ["t0ken", "s3cret"]
    async with client.http.delete(f"/api/v1/repositories/{repository}") as answer:
        assert (await answer.json())["accepted"] is True


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"forge": "sourceforge"}, "forge"),
        ({"full_name": "../../etc"}, "full_name"),
        ({"full_name": "no-owner"}, "full_name"),
        ({"clone_url": "https://user:t0ken@forge.example/a/b"}, "does not belong in the address"),
        ({"clone_url": "file:///etc"}, "clone_url"),
        ({"clone_url": "relative", "forge": "local"}, "absolute path"),
        ({"api_url": "ftp://forge.example"}, "api_url"),
        ({"tokn": "x"}, "tokn"),
    ],
)
async def test_a_wrong_repository_is_refused_without_repeating_its_secrets(
    client: Client, change: dict[str, str], problem: str
) -> None:
    new = {"forge": "gitea", "full_name": "a/b", "clone_url": "https://forge.example/a/b", "token": "t0ken"} | change
    status, _, message = await client.status_and_error("POST", "/api/v1/repositories", json=new)
    assert status == 400
    assert problem in message
    assert "t0ken" not in message


async def test_bodies_have_a_form_and_a_size(client: Client) -> None:
    async def post(**options: Any) -> int:
        return (await client.status_and_error("POST", "/api/v1/repositories", **options))[0]

    json_type = {"Content-Type": "application/json"}
    assert await post(data=b"{}", headers={"Content-Type": "text/plain"}) == 415
    assert await post(data=b"{", headers=json_type) == 400
    assert await post(data=b"[]", headers=json_type) == 400
    assert await post(data=b"[" * 100_000, headers=json_type) == 400
    assert await post(data=io.BytesIO(json.dumps({"x": "y" * 1024 * 1024}).encode()), headers=json_type) == 413


async def test_metrics_health_and_readiness_are_open(shared: Logstream) -> None:
    async with Client(shared.url, token=None) as anybody:
        for path in ("/healthz", "/readyz", "/metrics"):
            async with anybody.http.get(path) as answer:
                assert answer.status == 200


async def test_every_statement_fits_the_orchestrators_views(database_url: str) -> None:
    pool = await open_pool(DatabaseSettings(database_url=database_url), "test")  # pyright: ignore[reportArgumentType]
    try:
        async with pool.connection() as connection:
            await connection.set_autocommit(True)
            for schema in ("orchestrator", "logstream"):
                await migrate(connection, schema, load_migrations(f"tisktask_{schema}"))
            await connection.set_autocommit(False)
        store = Store(Database(pool))
        assert await store.list_runs(RunFilter("a/b", "abcd", ["running"], "run_1")) == []
        assert await store.get_runs(["run_1"]) == []
        assert await store.list_jobs_of_runs(["run_1"], 5) == []
        assert await store.count_jobs_of_runs(["run_1"]) == {"run_1": {}}
        assert await store.list_summaries("run_1", 100) == {}
        assert await store.list_annotations("run_1", 10, 1000) == []
        assert await store.count_annotations("run_1") == 0
        assert await store.get_jobs(["job_1"]) == []
        assert await store.holds_attempt("job_1", 1, "host-1") is None
        assert await store.list_incomplete_logs() == []
        assert await store.list_attempts("job_1") == []
        assert await store.get_attempt_end("job_1", 1) is None
        assert await store.get_attempt_runner(LogName(RunId("run_1"), JobId("job_1"), 1)) is None
        assert await store.list_repositories() == []
        assert await store.get_repository("repo_1") is None
        assert await store.list_runners() == []
    finally:
        await pool.close()
