"""The exchange itself, its ledger and its own keys."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex, Time


class ExchangeInitialised(Body):
    """The first entry: the exchange exists, with its ledger key and its operator."""

    type: Literal["exchange.initialised"] = "exchange.initialised"
    origin: str
    vkey: str


class LedgerIncarnated(Body):
    """The first entry of a ledger that goes on after a restore, under a new origin and key, because the restored database
    lacked entries that had been signed. `checkpoint` is the last one signed by the ledger before. The first `kept` of its
    entries, whose tree has the root `root`, were in the restored database; the new ledger continues from them.
    """

    type: Literal["ledger.incarnated"] = "ledger.incarnated"
    origin: str
    vkey: str
    predecessor: str
    checkpoint: Annotated[str | None, Field(description="a signed note; absent where nothing had been signed")] = None
    kept: int
    root: Hex


class WitnessesDemanded(Body):
    """The exchange demands witnesses from now on: the newest checkpoint lacked the quorum of its trust policy, and no other
    entry had come since. The checkpoint over this entry has it.
    """

    type: Literal["ledger.witnesses_demanded"] = "ledger.witnesses_demanded"
    affects_decisions: ClassVar[bool] = False
    policy: Annotated[Hex, Field(description="SHA-256 of the trust policy, without the witnesses' URLs")]


class KeyRotated(Body):
    """A key of the exchange was replaced: the ledger's, for trees of `valid_from` entries and more, or the one that signs
    answers. `statement` announces it, signed by the old key; see [Keys](#keys).
    """

    type: Literal["key.rotated"] = "key.rotated"
    affects_decisions: ClassVar[bool] = False
    purpose: Annotated[Literal["ledger", "answers"], Field(description="what the key signs")]
    old: Annotated[str, Field(description="verifier key")]
    new: Annotated[str, Field(description="verifier key")]
    valid_from: int
    since: Time
    statement: Annotated[str, Field(description="a signed note")]
