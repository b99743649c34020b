"""Checks of a notice: complete as the law demands, and fitting its dataset. Every fault is named at once."""

from exchange.catalog.schemas import DatasetDocument
from exchange.consents.notices.schemas import NewNotice
from exchange.subjects.identity import subject_keys

Fault = dict[str, str]


def faults_of(notice: NewNotice, document: DatasetDocument) -> list[Fault]:
    """The faults of a notice for a dataset, each with its member."""
    by_name = {field.name: field for field in document.fields}
    unknown = [name for name in notice.fields if name not in by_name]
    faults = [_fault("fields", f'the dataset describes no field "{name}"') for name in unknown]
    if notice.purpose not in document.terms.purposes:
        faults.append(_fault("purpose", f"the dataset's terms allow: {', '.join(document.terms.purposes)}"))
    keys = subject_keys(document)
    if not keys:
        faults.append(_fault("dataset", "no field of the dataset identifies the person a row is about"))
    elif notice.identified_by is None and len(keys) > 1:
        faults.append(_fault("identified_by", f"name the field that identifies the person: {', '.join(sorted(keys))}"))
    elif notice.identified_by is not None and notice.identified_by not in keys:
        faults.append(_fault("identified_by", f"fields that identify a person: {', '.join(sorted(keys))}"))
    if not notice.separate:
        faults.append(_fault("separate", "providing data to another handler needs separate consent (PIPL Article 23)"))
    sensitive = [name for name in notice.fields if name in by_name and by_name[name].sensitive]
    if sensitive and notice.necessity_and_impact is None:
        listed = ", ".join(sensitive)
        faults.append(
            _fault("necessity_and_impact", f"required, since these fields are sensitive: {listed} (PIPL Article 30)")
        )
    if notice.children_rules is not None and notice.necessity_and_impact is None:
        faults.append(
            _fault("necessity_and_impact", "required: all information about people under 14 is sensitive (PIPL 28, 30)")
        )
    return faults


def _fault(member: str, error: str) -> Fault:
    return {"at": f"body/{member}", "error": error}
