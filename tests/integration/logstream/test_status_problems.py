"""What the forge does not show of a run is said on the run's page and by the API."""

from logstream_records import Records
from logstream_stand import TOKEN, Client, get_valid

_PROBLEM = {
    "context": "tisktask/push",
    "state": "success",
    "outcome": "given_up",
    "error": "the token may not set statuses (403: <b>Resource</b> not accessible; the forge wants statuses=write)",
}


async def test_what_a_forge_does_not_show_is_said_with_its_own_words(client: Client, records: Records) -> None:
    run, other = records.add_run(), records.add_run()
    # As long as there has been no reporter, nothing is known to be wrong.
    assert (await get_valid(client, f"/api/v1/runs/{run}", "/api/v1/runs/{id}"))["status_problems"] == []
    records.execute(
        "CREATE TABLE api.status_problems (run_id text, context text, state text, outcome text, error text)"
    )
    try:
        records.insert("status_problems", run_id=run, **_PROBLEM)
        shown = await get_valid(client, f"/api/v1/runs/{run}", "/api/v1/runs/{id}")
        assert shown["status_problems"] == [_PROBLEM]
        assert (await client.get(f"/api/v1/runs/{other}"))["status_problems"] == []
        async with client.http.get(f"/runs/{run}", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            page = await answer.text()
        assert "Not shown by the forge" in page
        assert "&lt;b&gt;Resource&lt;/b&gt; not accessible" in page
    finally:
        records.execute("DROP TABLE api.status_problems")
