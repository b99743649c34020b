"""People at the portal. No entry names one: an identity is a pseudonym, a code is nothing but its dataset."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Time


class PersonBound(Body):
    """A person's identifier was bound to their account, by a proof that a verifier checked; the object is the pseudonym."""

    type: Literal["person.bound"] = "person.bound"
    affects_decisions: ClassVar[bool] = False
    level: Annotated[str, Field(description="as the verifier states it")]
    method: Annotated[str, Field(description="the verifier")]


class BindingCodeGiven(Body):
    """An organisation gave a person whom it knows a code, with which they bind their identifier; the object is the dataset."""

    type: Literal["binding_code.given"] = "binding_code.given"
    affects_decisions: ClassVar[bool] = False
    until: Time
