"""The documents of passkeys."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from exchange.kernel.schemas import PRINTABLE, In, Out, with_example
from exchange.portal.schemas import NewBinding

PasskeyName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=PRINTABLE)]
Answer = Annotated[
    dict[str, Any],
    Field(description="The credential of the browser, by its `toJSON` (Web Authentication, section 5.1)"),
]

_CREDENTIAL = {"id": "VGhlIGlk", "type": "public-key", "response": {}}


class OptionsOut(Out):
    """What the page gives to the browser: `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` reads it."""

    options: dict[str, Any]


class NewPasskey(In):
    """A passkey that the browser has made."""

    model_config = with_example({"name": "My telephone", "credential": _CREDENTIAL})

    name: Annotated[PasskeyName, Field(description="By which you know it again, such as the device")]
    credential: Answer


class PasskeyAnswer(In):
    """The browser's answer to a sign-in."""

    model_config = with_example({"credential": _CREDENTIAL})

    credential: Answer


class Enrolment(NewBinding):
    """A code from an organisation that knows you, the identifier that it is for, and the passkey to come back with."""

    model_config = with_example(
        {"code": "0" * 32, "value": "330106199003078812", "name": "My telephone", "credential": _CREDENTIAL}
    )

    name: PasskeyName
    credential: Answer


class PasskeyOut(Out):
    """A passkey of yours."""

    id: UUID
    name: str
    is_synced: Annotated[bool, Field(description="Whether a service keeps it besides the device")]
    created_at: datetime
    used_at: datetime | None
    regressed_at: Annotated[
        datetime | None,
        Field(description="When its sign count last failed to grow: there may be a copy of it; remove it"),
    ]
