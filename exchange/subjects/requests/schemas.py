"""Requests of people, and the answers of owners."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from exchange.kernel.schemas import In, Out, Prose, Text, with_example
from exchange.subjects.schemas import Reference
from ledger.entries.parts import Right

State = Literal["received", "granted", "refused", "restricted_storage", "withdrawn"]


class NewPersonRequest(In):
    """A request about your data, to the owner of a dataset, or to the owners of all that identify you."""

    model_config = with_example(
        {"kind": "correct", "text": "毕业年份应为 2019 年", "dataset": "demo-education/degrees"}
    )

    kind: Right
    text: Annotated[Prose, Field(description="What you want, in your words")]
    dataset: Annotated[Reference | None, Field(description="Unset: every published dataset that identifies you")] = None


class NewAnswer(In):
    """A grant: the document or the statement of what was done. The person reads both."""

    model_config = with_example({"statement": "已更正为 2019 年"})

    statement: Prose | None = None
    document: Annotated[
        dict[str, Any] | None, Field(description="The data itself, for access, copy and portability, as JSON")
    ] = None


class NewRefusal(In):
    """A refusal, with its reasons and where the person can complain (PIPL Article 50)."""

    model_config = with_example({"reasons": "所述内容与登记不符", "complaint": "省数据局 0571-00000000；人民法院"})

    reasons: Prose | None = None
    complaint: Annotated[Prose | None, Field(description="Where the person can complain")] = None


class NewRestriction(In):
    """Restricted storage instead of deletion: a law demands the data, or deletion is technically hard (PIPL Article 47)."""

    model_config = with_example({"reasons": "学历档案须永久保存", "law": "档案法 第十四条"})

    reasons: Prose | None = None
    law: Text | None = None


class PersonRequestOut(Out):
    """A request. Only its person and its owner read `text`, `answer`, and who it is about."""

    id: UUID
    kind: Right
    state: State
    dataset: UUID
    owner: UUID
    received_at: datetime
    answered_at: datetime | None
    due: Annotated[date | None, Field(description="The last day for the answer; null: answered, or not known yet")]
    limit: Annotated[date | None, Field(description="The day after which an answer is too late, extended or not")]
    person: Annotated[dict[str, str] | None, Field(description="The field and the value that identify the person")] = (
        None
    )
    text: str | None = None
    answer: dict[str, Any] | None = None
