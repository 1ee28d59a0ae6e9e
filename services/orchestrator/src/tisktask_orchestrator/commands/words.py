"""Every sentence that a program reads at its socket because the orchestrator has not done what it asked for."""


def not_in_this_run(job: str) -> str:
    return f"there is no job {job} in this run: JOBLIST lists those that there are"


def starts_no_more(what: str) -> str:
    return f"{what} is being stopped: it starts no more jobs"


def too_many_spawned(most: int) -> str:
    return f"the jobs of this run have started {most} jobs; a run may have no more (TISKTASK_SPAWNED_JOBS_MAX)"


def too_deep(most: int) -> str:
    return f"jobs that start jobs that start jobs: this would be more than {most} deep (TISKTASK_SPAWN_DEPTH_MAX)"


def other_under_this_key(key: str, name: str) -> str:
    return f"KEY {key}: the job {name} was started under it, with another program, image or other arguments"


def wrong_job_name(most: int) -> str:
    return f"NAME: a job's name has 1 to {most} characters, all of which can be shown"


def wrong_program(field: str) -> str:
    return f"{field}: a text of a sensible length is expected, without NUL"


def no_program() -> str:
    return "a program's path or, with SHELL, a command line is expected"


def arguments_too_long(most: int) -> str:
    return f"the program and its arguments are longer than {most} bytes, what a job may be started with"


def environment_too_long(most: int) -> str:
    return f"ENV: the variables are longer than {most} bytes together; hand large values over with SET"


def unreadable_environment() -> str:
    return "sealed_environment: a JSON object of texts is expected, sealed for this server's public key"


def wrong_variable(name: str) -> str:
    return f"ENV: {name[:100]!r} is no name of a variable: letters, digits and underscore, no digit first"


def reserved_variable(name: str) -> str:
    return f"ENV: {name} is set by Tisktask itself"


def wrong_variable_value(name: str) -> str:
    return f"ENV: the value of {name} can not be used: it has a NUL character"


def wrong_label(label: str, form: str) -> str:
    return f"LABEL: {label[:100]!r} is no label: {form}"


def too_many(field: str, most: int) -> str:
    return f"{field}: at most {most} are allowed"


def wrong_timeout(most: int) -> str:
    return "TIMEOUT: at least 1 second" + (f", and at most the {most} seconds that a job may take" if most else "")


def too_many_descriptions(most: int) -> str:
    return f"the job has changed its title, status or summary {most} times; that is enough"


def too_many_bytes(field: str, most: int) -> str:
    return f"{field}: at most {most} bytes are allowed"


def no_text(field: str) -> str:
    return f"{field}: there is no text"


def wrong_line() -> str:
    return "LINE: a number from 1 on is expected, after FILE"


def not_an_end_of_run(state: str) -> str:
    return f"a job can end its run as cancelled or failed, not as {state}"
