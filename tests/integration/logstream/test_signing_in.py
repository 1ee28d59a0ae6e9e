"""Who gets in: by token, by cookie, and who does not."""

import pytest

from logstream_records import Records
from logstream_stand import TOKEN, Client, Logstream


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer", "Basic YTpi", "Bearer \u00e9"])
@pytest.mark.parametrize("path", ["/api/v1/runs", "/api/v1/openapi.json", "/api/v1/jobs/job_x/log", "/api/v1/nothing"])
async def test_the_api_is_closed_without_the_token(shared: Logstream, path: str, header: str | None) -> None:
    async with Client(shared.url, token=None) as anybody:
        headers = {"Authorization": header} if header else {}
        status, code, message = await anybody.status_and_error("GET", path, headers=headers)
        assert (status, code) == (401, "unauthorized")
        assert "Authorization: Bearer" in message


@pytest.mark.parametrize(
    "path", ["/", "/runs/run_x", "/jobs/job_x?attempt=1", "/repositories", "/live/runs", "/nothing"]
)
async def test_pages_lead_to_the_login_and_back(shared: Logstream, path: str) -> None:
    async with Client(shared.url, token=None) as anybody, anybody.http.get(path, allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/login")


async def test_a_login_gives_a_strict_cookie_that_opens_pages_and_the_api(shared: Logstream) -> None:
    async with Client(shared.url, token=None) as person:
        form = {"token": TOKEN, "next": "/repositories"}
        headers = {"Origin": shared.url}
        async with person.http.post("/login", data=form, headers=headers, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/repositories")
            cookie = answer.headers["Set-Cookie"]
            cookies = {"Cookie": cookie.partition(";")[0]}
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        for path in ("/", "/repositories", "/runners", "/api/v1/runs"):
            async with person.http.get(path, headers=cookies) as answer:
                assert answer.status == 200
                assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", ""])
async def test_a_login_leads_nowhere_else(shared: Logstream, target: str) -> None:
    async with Client(shared.url, token=None) as person:
        form, headers = {"token": TOKEN, "next": target}, {"Origin": shared.url}
        async with person.http.post("/login", data=form, headers=headers, allow_redirects=False) as answer:
            assert answer.headers.get("Location", "/") == "/"


async def test_a_foreign_page_can_not_act_with_a_session(shared: Logstream, records: Records) -> None:
    run = records.add_run()
    async with Client(shared.url, token=None) as person:
        headers = {"Origin": shared.url}
        async with person.http.post("/login", data={"token": TOKEN}, headers=headers, allow_redirects=False) as answer:
            cookies = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
        for origin in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
            async with person.http.post(f"/runs/{run}/cancel", headers=cookies | origin) as answer:
                assert answer.status == 403
            path = f"/api/v1/runs/{run}/cancel"
            assert (await person.status_and_error("POST", path, headers=cookies | origin))[:2] == (403, "refused")


async def test_logging_in_is_limited(logstream: Logstream) -> None:
    async with Client(logstream.url, token=None) as person:
        statuses = []
        for _ in range(12):
            async with person.http.post("/login", data={"token": "guess"}, headers={"Origin": logstream.url}) as answer:
                statuses.append(answer.status)
        assert statuses == [401] * 10 + [429] * 2
        async with person.http.post("/login", data={"token": TOKEN}, headers={"Origin": logstream.url}) as answer:
            assert answer.status == 429


async def test_a_page_for_people_says_what_is_not_there(client: Client) -> None:
    async with client.http.get("/runs/run_x") as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")
        assert "There is no run run_x." in await answer.text()
