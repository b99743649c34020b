"""The limits of passing data on, for a dataset that is derived from others: permission, purpose, and level.

A derived dataset passes on what its owner received. So each agreement behind it has to permit that (Decree 809, Article 25),
its purposes stay those of the agreement, and its level is not below what was received.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from exchange.agreements import queries
from exchange.agreements.view import AgreementView
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import LEVELS, DatasetDocument, Derivation
from exchange.catalog.view import Listed
from exchange.kernel.work import Work

_MOST = 200


@dataclass(frozen=True, slots=True)
class _Input:
    """An input, and the place in the document that brings it in: own derived datasets bring in their own inputs."""

    position: int
    derivation: Derivation


async def faults_in_inputs(work: Work, document: DatasetDocument, owner: UUID) -> list[dict[str, str]]:
    """Everything for which a dataset of an owner may not be derived from what its document names.

    The agreements are locked against their end until the commit.
    """
    if not document.derived_from:
        return []
    inputs, listed, faults = await _expand(work, document, owner)
    agreements = {each.derivation.agreement for each in inputs if each.derivation.agreement is not None}
    views = await queries.hold(work.session, agreements, consumer=owner)
    received = defaultdict[UUID, list[AgreementView]](list)
    places = dict[UUID, int]()
    for each in inputs:
        dataset = each.derivation.dataset
        places.setdefault(dataset, each.position)
        fault = _fault_in_origin(each, listed.get(dataset), views, owner)
        if fault is not None:
            faults.append(fault)
        elif each.derivation.agreement is not None:
            received[dataset].append(views[each.derivation.agreement])
    if faults:
        return faults
    for dataset, position in places.items():
        faults += _faults_in_use(document, listed[dataset], received[dataset], position)
    return faults


async def _expand(
    work: Work, document: DatasetDocument, owner: UUID
) -> tuple[list[_Input], dict[UUID, Listed], list[dict[str, str]]]:
    """The inputs with those of the owner's own derived datasets among them, and the datasets by id."""
    inputs, listed = list[_Input](), dict[UUID, Listed]()
    waiting = [_Input(position, each) for position, each in enumerate(document.derived_from)]
    seen = set[Derivation | tuple[UUID, UUID | None]]()
    while waiting:
        inputs += waiting
        if len(inputs) > _MOST:
            error = (
                f"the datasets it comes from have more than {_MOST} inputs; name the ones that the data was taken from"
            )
            return inputs, listed, [{"at": "derived_from", "error": error}]
        listed |= await catalog.any_of(work.session, {each.derivation.dataset for each in waiting})
        following = list[_Input]()
        for each in waiting:
            key = (each.derivation.dataset, each.derivation.agreement)
            if key in seen:
                continue
            seen.add(key)
            item = listed.get(each.derivation.dataset)
            if item is not None and item.owner.id == owner and item.version is not None:
                own = DatasetDocument.model_validate(item.version.document)
                following += [_Input(each.position, further) for further in own.derived_from]
        waiting = [each for each in following if (each.derivation.dataset, each.derivation.agreement) not in seen]
    return inputs, listed, []


def _fault_in_origin(
    item: _Input, listed: Listed | None, views: dict[UUID, AgreementView], owner: UUID
) -> dict[str, str] | None:
    """Where an input may not be used at all: no such dataset, or no agreement that permits to pass it on."""
    at, agreement = f"derived_from/{item.position}", item.derivation.agreement
    name = f"{listed.owner.handle}/{listed.dataset.handle}" if listed is not None else str(item.derivation.dataset)
    if listed is None or listed.version is None or listed.dataset.state != "published":
        return {"at": f"{at}/dataset", "error": "no published dataset has this id"}
    if listed.owner.id == owner:
        return None if agreement is None else {"at": f"{at}/agreement", "error": f"{name} is your own; leave it out"}
    view = views.get(agreement) if agreement is not None else None
    if view is None or view.dataset_id != listed.dataset.id:
        return {"at": f"{at}/agreement", "error": f"name your agreement over {name}, under which you received the data"}
    if view.state != "active":
        return {
            "at": f"{at}/agreement",
            "error": f"the agreement over {name} is {view.state}; it permits no further use",
        }
    if not view.resharing:
        error = (
            f"the agreement over {name} does not permit to pass the data on (Decree 809, Article 25); ask its provider to "
            "publish terms with `resharing`, and apply again with `amends`"
        )
        return {"at": f"{at}/agreement", "error": error}
    return None


def _faults_in_use(
    document: DatasetDocument, listed: Listed, agreements: Iterable[AgreementView], position: int
) -> list[dict[str, str]]:
    """Where the document goes beyond an input: a purpose that no agreement over it has, or a level below it."""
    name = f"{listed.owner.handle}/{listed.dataset.handle}"
    faults = list[dict[str, str]]()
    if agreements:
        purposes = {view.purpose for view in agreements}
        faults += [
            {
                "at": f"terms/purposes/{index}",
                "error": f"{name} was received for {', '.join(sorted(purposes))} only, not for {purpose}",
            }
            for index, purpose in enumerate(document.terms.purposes)
            if purpose not in purposes
        ]
    level = _level_of(listed, agreements)
    if LEVELS.index(document.effective_level) < LEVELS.index(level):
        error = f"the level {document.effective_level} is below {level}, the level of {name} (derived_from/{position})"
        faults.append({"at": "level", "error": error})
    return faults


def _level_of(listed: Listed, agreements: Iterable[AgreementView]) -> str:
    """The level of what was received: of the granted fields, and not below the dataset's own where it states one."""
    if listed.version is None:
        return LEVELS[0]
    input_ = DatasetDocument.model_validate(listed.version.document)
    granted = {name for view in agreements for name in view.fields}
    if not granted:
        return input_.effective_level
    levels = [field.level for field in input_.fields if field.name in granted]
    return max([*levels, input_.level or LEVELS[0]], key=LEVELS.index)
