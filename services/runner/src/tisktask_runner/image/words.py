"""Every sentence about a job's image that a user reads: reasons, and lines in the log of a build."""

from tisktask_runner.image.instructions import Named

NOTE = "[tisktask] "
_NAME_SHOWN = 150


def building(build_file: str, key: str) -> str:
    return f"{NOTE}Building image {_short(key)} from {build_file}\n"


def found(key: str) -> str:
    return f"{NOTE}Image {_short(key)} is here already\n"


def waiting(key: str) -> str:
    return f"{NOTE}Another build of image {_short(key)} is at work on this host: waiting for it\n"


def pulled(key: str, registry: str) -> str:
    return f"{NOTE}Image {_short(key)} came from {registry}\n"


def not_pushed(key: str, registry: str, error: str) -> str:
    return f"{NOTE}Image {_short(key)} could not be sent to {registry}, so other hosts will build it again: {error}\n"


def built(key: str, seconds: float) -> str:
    return f"{NOTE}Built image {_short(key)} in {seconds:.1f} s\n"


def build_failed(build_file: str, exit_code: int, line: str) -> str:
    said = f": {line}" if line else ""
    return f"Building the image from {build_file} failed with exit code {exit_code}{said}"


def base_image_missing(build_file: str, line: str) -> str:
    return (
        f"{build_file} builds on an image that could not be fetched: {line}. "
        "Check its name, and that the runner's host reaches its registry."
    )


def image_forbidden(build_file: str, image: Named) -> str:
    name = image.name[:_NAME_SHOWN]
    return (
        f"{build_file}:{image.line}: {image.instruction} names {name!r}, which build files may not use: an image that "
        "was built for jobs here, the id of an image, or a place on the host. Name an image such as "
        "docker.io/library/debian:12, a stage of the same file, or localhost/tisktask/default."
    )


def option_forbidden(build_file: str, option: Named) -> str:
    return (
        f"{build_file}:{option.line}: {option.instruction} {option.name[:_NAME_SHOWN]} is not allowed. Builds have a "
        "network of their own, with a way to the internet; RUN may have --mount and --network=none."
    )


def build_too_slow(build_file: str, seconds: float) -> str:
    return f"Building the image from {build_file} took longer than {seconds:g} seconds, and was stopped."


def build_too_loud(build_file: str, bytes_max: int) -> str:
    return f"Building the image from {build_file} printed more than {bytes_max / 1e6:g} MB, and was stopped."


def host_failed(build_file: str, line: str) -> str:
    return f"The runner's host could not build the image from {build_file}: {line}"


def build_killed(build_file: str, number: int) -> str:
    return f"The build of {build_file} was ended by signal {number}; the host may be out of memory."


def build_waited_too_long(key: str, seconds: float) -> str:
    return f"Another build of image {_short(key)} has been at work on this host for more than {seconds:g} seconds."


def podman_missing(command: str) -> str:
    return f"There is no {command} on the runner's host: install Podman (and coreutils)."


def default_image_missing(archive: str, cause: str) -> str:
    return (
        f"The default job image is not here, and can not be made ({cause}). Put an archive of a root file system at "
        f"{archive}, set another default image, or add a Containerfile to .tisktask/."
    )


def busybox_missing() -> str:
    return "there is no statically linked busybox on PATH: install busybox-static"


def image_unavailable(image: str, cause: str) -> str:
    return (
        f"The image {image} is not on the runner's host and can not be fetched: {cause}. "
        "Write its whole name, with the registry: docker.io/library/redis."
    )


def shell_missing(image: str) -> str:
    return f"SHELL needs /bin/sh, which the image {image} does not have: name a program instead."


def shell_command_missing(image: str) -> str:
    return f"The command line ended with exit code 127: a command in it was not found in the image {image}."


def interpreter_missing(path: str, interpreter: str, image: str) -> str:
    return (
        f"{path} begins with #!{interpreter}, but {interpreter} is not in the image {image} (or can not run there). "
        f"Install it in a Containerfile in .tisktask/, or name an interpreter that the image has."
    )


def env_program_missing(path: str, program: str, image: str) -> str:
    return (
        f"{path} asks /usr/bin/env for {program}, which is not on the PATH of the image {image}. "
        "Install it in a Containerfile in .tisktask/, or name an interpreter that the image has."
    )


def windows_line_end(path: str) -> str:
    return (
        f"The first line of {path} ends with a carriage return (Windows line ends), so its interpreter is not found. "
        f"Fix: store the file with Unix line ends, and keep them with `{path} text eol=lf` in .gitattributes."
    )


def no_interpreter_line(path: str) -> str:
    return (
        f"{path} could not be executed: it has no #! line and is no program for this machine. Begin it with #!/bin/sh."
    )


def wrong_machine(path: str, image: str) -> str:
    return f"{path} is a binary that can not run in {image}: for another machine, or with libraries that are not there."


def command_missing(path: str) -> str:
    return f"{path} ended with exit code 127: a command that it calls was not found in the image."


def _short(key: str) -> str:
    return key[:12]
