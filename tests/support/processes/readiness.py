"""What a server's readiness states, apart from the calendar, whose warning depends on the day on which the tests run."""


def readiness(text: str) -> list[str]:
    """The lines of an answer of `/readyz` without a warning about the calendar."""
    return [line for line in text.splitlines() if not line.startswith("warning: the calendar")]
