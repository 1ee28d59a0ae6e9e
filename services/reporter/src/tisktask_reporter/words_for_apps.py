"""What is said about GitHub Apps, checks and comments."""

APP_KEY_UNREADABLE = (
    "the App's private key can not be read: make one on the App's page on GitHub, then set it with `tisktask repo app`"
)


def app_answer_not_understood() -> str:
    return "GitHub's answer about the App's installation is not understood: check the repository's api-url"


def app_refused(reason: str) -> str:
    return f"GitHub does not know the App by this id and key: set them with `tisktask repo app` ({reason})"


def app_not_usable(reason: str) -> str:
    return f"the App can not be used for this repository; is it installed there? ({reason})"


def check_answer_not_understood() -> str:
    return "GitHub's answer about the check is not understood: check the repository's api-url"


def check_without_app() -> str:
    return "it stands there as a check of an App: only an App can change it (`tisktask repo app`)"


def comment_answer_not_understood() -> str:
    return "the forge's answer about the comment is not understood: check the repository's api-url"
