"""The two kinds of errors: what a user did (shown to them) and what failed under us (logged)."""


class TisktaskError(Exception):
    """Something went wrong."""

    code: str = "internal"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])

    @property
    def message(self) -> str:
        return str(self)


class UserError(TisktaskError):
    """The request can not be carried out as it stands."""

    code = "invalid"


class NotFoundError(UserError):
    """There is no such thing."""

    code = "not_found"


class ConflictError(UserError):
    """The state of the thing does not allow that now."""

    code = "conflict"


class RefusedError(UserError):
    """The credentials do not allow that."""

    code = "refused"


class InfrastructureError(TisktaskError):
    """A part that Tisktask relies on did not do its work."""

    code = "infrastructure"


class BusError(InfrastructureError):
    """The message bus did not answer in time."""

    code = "bus_unavailable"


class DatabaseError(InfrastructureError):
    """The database did not answer."""

    code = "database_unavailable"


USER_ERRORS: dict[str, type[UserError]] = {
    kind.code: kind for kind in (UserError, NotFoundError, ConflictError, RefusedError)
}
