"""Rights over data: applications for registration, records, and outside certificates that are linked to them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex


class RightsApplicationChanged(Body):
    """A step of an application for the registration of rights; two of them are taken by time alone, under Article 17."""

    type: Literal[
        "rights_application.drafted",
        "rights_application.redrafted",
        "rights_application.confirmed",
        "rights_application.discarded",
        "rights_application.filed",
        "rights_application.returned",
        "rights_application.supplemented",
        "rights_application.not_filed",
        "rights_application.accepted",
        "rights_application.deemed_accepted",
        "rights_application.evidence_asked",
        "rights_application.evidence_given",
        "rights_application.extended",
        "rights_application.publicised",
        "rights_application.publicity_waived",
        "rights_application.objected",
        "rights_application.objection_dismissed",
        "rights_application.objections_cleared",
        "rights_application.objection_upheld",
        "rights_application.refused",
        "rights_application.terminated",
        "rights_application.withdrawn",
        "rights_application.deposited",
    ]
    affects_decisions: ClassVar[bool] = False
    registration: Literal["initial", "renewal", "transfer", "change", "cancellation"]
    consumer: Annotated[str, Field(description="the organisation that applies")]
    dataset: str
    form: Annotated[Hex, Field(description="salted digest of the form")]
    statement: Annotated[
        Hex | None, Field(description="salted digest of what was stated, with its codes and evidence")
    ] = None
    codes: Annotated[list[str] | None, Field(description="of a refusal: the reasons of Article 22")] = None
    entered: Annotated[list[str] | None, Field(description="of a deposit: the codes of new records")] = None


class RightsRecordChanged(Body):
    """A record began, changed or ended. It is the exchange's own, and no certificate of a listed registrar."""

    type: Literal[
        "rights_record.entered",
        "rights_record.renewed",
        "rights_record.changed",
        "rights_record.transferred_in_part",
        "rights_record.transferred",
        "rights_record.cancelled",
        "rights_record.cancelled_by_order",
        "rights_record.restricted",
        "rights_record.released",
        "rights_record.lapsed",
    ]
    affects_decisions: ClassVar[bool] = False
    record: Annotated[str, Field(description="the registration code")]
    consumer: Annotated[str, Field(description="the holder")]
    dataset: str
    rights: Annotated[list[Literal["HOLD", "USE", "OPERATE"]], Field(description="those that it has from now on")]
    document: Annotated[Hex, Field(description="SHA-256 of the public description as canonical JSON")]
    valid_until: Annotated[str, Field(description="the last day")]
    statement: Annotated[
        Hex | None, Field(description="salted digest of what was stated, with its codes and evidence")
    ] = None


class RecordObjectionChanged(Body):
    """A step of an objection to a record (Article 29). A conclusion changes no record."""

    type: Literal[
        "record_objection.filed",
        "record_objection.holder_told",
        "record_objection.rejected",
        "record_objection.agreed",
        "record_objection.contested",
        "record_objection.upheld",
        "record_objection.dismissed",
        "record_objection.withdrawn",
    ]
    affects_decisions: ClassVar[bool] = False
    record: Annotated[str, Field(description="the registration code")]
    consumer: Annotated[str, Field(description="the organisation that objects")]
    dataset: str
    statement: Annotated[Hex, Field(description="salted digest of what was stated and of the objector's evidence")]


class RightsCertificateChanged(Body):
    """The number of an outside certificate was linked to a record, or checked with its issuer."""

    type: Literal["rights_certificate.linked", "rights_certificate.checked"]
    affects_decisions: ClassVar[bool] = False
    record: Annotated[str, Field(description="the registration code")]
    consumer: Annotated[str, Field(description="the holder")]
    dataset: str
    number: str
    stated: Annotated[Literal["valid", "lapsed", "cancelled"], Field(description="by the holder")]
    checked: Literal["unchecked", "confirmed", "contradicted", "not_found"]


class CertificateKeyAnnounced(Body):
    """The key that signs certificates of rights from now on. A certificate has this entry, with its receipt, inside."""

    type: Literal["certificate_key.announced"] = "certificate_key.announced"
    affects_decisions: ClassVar[bool] = False
    keyid: Annotated[str, Field(description="thumbprint of the key (RFC 7638)")]
    public_key: Annotated[str, Field(description="Ed25519, base64url")]
