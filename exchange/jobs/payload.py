"""Payloads of jobs: identifiers and nothing else, since whoever may read the queue may not read about people."""

from types import UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict

_ALLOWED = {UUID, int, type(None)}


class Payload(BaseModel):
    """The base of payloads. A subclass names its `kind`, such as `reminder`, and has fields of UUID or int only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Refuse a subclass without a kind, or with a field that could hold more than an identifier. Raises TypeError."""
        if not getattr(cls, "kind", ""):
            raise TypeError(f"the payload {cls.__name__} names no kind")
        for name, field in cls.model_fields.items():
            if not _members(field.annotation) <= _ALLOWED:
                raise TypeError(f"the payload {cls.__name__} has the field {name}, which is no UUID or int")


def _members(annotation: Any) -> set[Any]:
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in {UnionType, Union}:
        return {part for member in get_args(annotation) for part in _members(member)}
    return {annotation}
