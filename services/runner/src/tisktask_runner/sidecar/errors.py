"""Why a container beside a job is not there, or not ready: shown to the program that asked for it."""

from tisktask_common.errors import UserError


class SidecarError(UserError):
    """A container can not be had as it was asked for."""

    code = "err"


class ImageUnavailableError(SidecarError):
    """Its image can not be had."""

    code = "noimage"


class NotStartedError(SidecarError):
    """It can not be started."""

    code = "notstarted"


class SidecarEndedError(SidecarError):
    """It ended before it was ready."""

    code = "ended"


class NotReadyError(SidecarError):
    """It was not ready in time."""

    code = "timedout"


class SidecarLimitError(SidecarError):
    """There are too many."""

    code = "limit"
