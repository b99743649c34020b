"""The documents of answers: the question and what it is answered with."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from adapters.kind import FieldName
from exchange.catalog.terms.schemas import AnswerName
from exchange.kernel.schemas import PRINTABLE, In, Out, with_example

Verdict = Literal["yes", "no", "unknown"]


class AnswerRequest(In):
    """A question about people: which of the granted answers, about whom."""

    model_config = with_example(
        {"dataset": "demo-education/degrees", "people": ["330102199001011234"], "answers": ["holds-masters-degree"]}
    )

    dataset: Annotated[
        str,
        Field(
            min_length=1,
            max_length=130,
            pattern=PRINTABLE,
            description="The dataset's id, or <organisation>/<dataset>",
            examples=["demo-education/degrees"],
        ),
    ]
    field: Annotated[
        FieldName | None,
        Field(description="The field that identifies the people; needed where the dataset has several"),
    ] = None
    people: Annotated[
        list[Annotated[str, Field(max_length=4000)] | int],
        Field(min_length=1, max_length=20, description="The identifiers of the people, each once"),
    ]
    answers: Annotated[
        list[AnswerName],
        Field(min_length=1, max_length=10, description="The answers, by name; all are decided together"),
    ]


class AnswersOut(Out):
    """What is true of each person, under the agreement. `unknown`: no such person, or no consent that covers the answer."""

    id: UUID
    agreement: str
    dataset: str
    version: int
    content_version: Annotated[int, Field(description="Counts the files that were uploaded under this version")]
    people: Annotated[
        list[dict[str, Verdict]], Field(description="The answers by name, for each person in the order of the request")
    ]
    proof: Annotated[
        str | None,
        Field(description="Of a code: the answers as an SD-JWT (RFC 9901), which verifies without the exchange"),
    ] = None
