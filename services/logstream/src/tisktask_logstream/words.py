"""Every word that a user of the UI or the API reads and that is not in a template."""

NO_SEAT = "Too many live views are open. Close one, or raise TISKTASK_STREAMS_MAX."
UNAUTHORIZED = "Sign in, or send the admin token: 'Authorization: Bearer <token>'."
WRONG_TOKEN = "This is not the admin token."  # noqa: S105 - a sentence, not a secret
TOO_MANY_LOGINS = "Too many attempts. Wait a minute, then try again."
FOREIGN_ORIGIN = "This request did not come from this site's own pages (its Origin is another)."
BODY_TOO_LARGE = "The request body is larger than 1 MiB."
NOT_JSON = "The body must be a JSON object with the content type application/json."
NO_ROUTE = "There is nothing at this address. The API is described at /api/v1/openapi.json."
WRONG_METHOD = "This address does not take that method. The API is described at /api/v1/openapi.json."
INTERNAL = "Something went wrong inside Tisktask. Its log says what."
DATABASE_AWAY = "The database does not answer at the moment. Try again shortly."
BUS_AWAY = "The orchestrator does not answer at the moment. Try again shortly."
NO_SUCH_ATTEMPT = "This job has no such attempt."

STATES = {
    "staged": "Staged",
    "awaiting_approval": "Awaiting approval",
    "preparing": "Preparing",
    "queued": "Queued",
    "starting": "Starting",
    "running": "Running",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "errored": "Errored",
    "cancelled": "Cancelled",
    "timed_out": "Timed out",
    "skipped": "Skipped",
}


def no_such(kind: str, name: str) -> str:
    return f"There is no {kind} {name[:80]}."


def invalid_field(where: str, field: str, problem: str) -> str:
    return f"{where} {field}: {problem}"


OUT_OF_MEMORY = "out of memory"


def ended_by_signal(number: int) -> str:
    return f"signal {number}"


def exit_code(code: int) -> str:
    return f"exit {code}"
