"""A forge that repeats in its refusal what it was sent makes us store no secret."""

from datetime import UTC, datetime

from aiohttp import web
from pydantic import SecretStr

from tisktask_reporter.forges.exchange import Exchange, new_session
from tisktask_reporter.forges.hooks import Wanted, create_request
from tisktask_reporter.forges.policy import History, RetryLimits
from tisktask_reporter.forges.request import Access, Answer

TOKEN, SECRET = SecretStr("0123456789abcdef" * 2), SecretStr("a-webhook-secret-of-43-characters")


async def test_neither_the_token_nor_the_webhooks_secret_comes_back(unused_tcp_port: int) -> None:
    async def refuse(request: web.Request) -> web.Response:
        said = f"{request.headers['Authorization']} has sent {await request.text()}"
        return web.json_response({"message": said}, status=422, headers={"X-Said": said})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    access = Access("gitea", f"http://127.0.0.1:{unused_tcp_port}", "me/app", TOKEN)
    asked = create_request(access, Wanted("https://ci.example.org", SECRET), None, is_active=True)
    async with new_session() as session:
        answer = await Exchange(session, RetryLimits(), 10, lambda: datetime.now(UTC)).ask(asked, access, History())
    await runner.cleanup()
    assert isinstance(answer, Answer)
    assert "token [token] has sent" in answer.message
    assert "[secret]" in answer.headers["x-said"]
    for secret in (TOKEN, SECRET):
        assert secret.get_secret_value() not in f"{answer.message}{answer.headers}"
