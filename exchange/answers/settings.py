"""Settings of answers."""

from typing import Annotated

from pydantic import Field

from exchange.kernel.settings import KernelSettings


class AnswerSettings(KernelSettings):
    """Limits of asking about people."""

    answers_per_person_day: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="Answers about one person that one organisation gets in a day of China's time",
        ),
    ] = 100
    answers_code_seconds: Annotated[
        int, Field(ge=10, le=3600, description="How long a one-time code of a person can be redeemed, seconds")
    ] = 120
    answers_proof_minutes: Annotated[
        int, Field(ge=1, le=525_600, description="How long the proof of what a code showed verifies, minutes")
    ] = 10
    answers_wrong_minute: Annotated[
        int, Field(ge=1, le=1000, description="Short codes that are none which one organisation may try in a minute")
    ] = 5
    answers_wrong_day: Annotated[
        int, Field(ge=1, le=100_000, description="Short codes that are none which one organisation may try in a day")
    ] = 100
    answers_wrong_day_all: Annotated[
        int, Field(ge=1, le=1_000_000, description="Short codes that are none which all may try in a day")
    ] = 10_000
