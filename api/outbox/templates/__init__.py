"""The texts of mails and SMS, one file a language. Never in them: a child's name, an amount, a password."""

import tomllib
from functools import cache
from importlib.resources import files
from string import Template


@cache
def languages() -> list[str]:
    """Those that have a file here, French first."""
    found = {f.name.removesuffix(".toml") for f in files(__package__).iterdir() if f.name.endswith(".toml")}
    return ["fr", *sorted(found - {"fr"})]


@cache
def _texts(language: str) -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath(f"{language}.toml").read_text())


def render(template: str, language: str, channel: str, values: dict[str, str]) -> tuple[str, str]:
    """The subject and the body; an unknown language gets French. Raises KeyError for a missing value."""
    texts = _texts(language if language in languages() else "fr")
    words = texts[template]
    if channel == "sms":
        return "", Template(words["sms"]).substitute(values).strip()
    signature = Template(texts["signature"]["mail"]).substitute(values)
    # A subject is one line, whatever a value holds.
    subject = " ".join(Template(words["subject"]).substitute(values).split())
    return subject, f"{Template(words['mail']).substitute(values).strip()}\n\n{signature.strip()}\n"
