"""Roles: what each permits, and that a role in one domain permits nothing in another."""

import logging
import re
import threading
from importlib.metadata import distributions, packages_distributions
from pathlib import Path
from typing import get_args

import casbin
import pytest
from hypothesis import given
from hypothesis import strategies as st

import policies.roles.roles
from policies.roles.roles import EXCHANGE, ROLES, InvalidIdentifier, Permit, Role, Roles, UnknownVerb

ROLES_FILE = Path(policies.roles.roles.__file__).with_name("roles.csv")
HOME, ABROAD = "0198c5a0-0000-7000-8000-00000000000a", "0198c5a0-0000-7000-8000-00000000000b"
WORKED = Roles()


def permits(*assignments: tuple[str, str], domain: str, to: str) -> Permit:
    resource, verb = to.split(".")
    return WORKED.permits(principal="person-1", assignments=assignments, domain=domain, resource=resource, verb=verb)


def test_one_distribution_provides_casbin():
    # Two do, and whichever is installed last overwrites the other: docs/decisions/casbin-distribution.md.
    assert packages_distributions()["casbin"] == ["pycasbin"]
    assert "casbin" not in {distribution.name for distribution in distributions()}


@pytest.mark.parametrize(
    ("to", "roles"),
    [
        ("organisation.admit", ["operator"]),
        ("organisation.suspend", ["operator", "security_administrator"]),
        ("member.enrol", ["steward", "operator"]),
        ("system.enrol", ["steward", "operator"]),
        ("key.register", ["steward"]),
        ("key.revoke", ["steward", "operator", "security_administrator"]),
        ("role.assign", ["security_administrator"]),
        ("source.register", ["steward"]),
        ("dataset.draft", ["steward"]),
        ("dataset.publish", ["steward", "approver"]),
        ("dataset.consent", ["approver"]),
        ("filing.review", ["authority"]),
        ("dataset.read", ["steward", "approver", "auditor"]),
        ("application.submit", ["consumer"]),
        ("application.decide", ["approver"]),
        ("application.consent", ["approver"]),
        ("application.consent_to_extension", ["authority"]),
        ("agreement.suspend", ["steward", "approver"]),
        ("agreement.end", ["consumer"]),
        ("delivery.request", ["consumer"]),
        ("audit.read", ["steward", "approver", "consumer", "auditor"]),
        ("subject.read", ["steward", "approver", "auditor"]),
        ("subject.access", ["operator"]),
        ("subject.erase", ["operator"]),
        ("subject.hold", ["security_administrator"]),
        ("rights.apply", ["steward"]),
        ("rights.review", ["registrar"]),
        ("calendar.load", ["operator"]),
        ("calendar.confirm", ["operator", "security_administrator"]),
        ("calendar.set", ["operator"]),
        ("job.discard", ["operator"]),
        ("message.read", ["steward", "approver", "consumer", "auditor"]),
    ],
)
def test_who_may(to: str, roles: list[Role]):
    resource, verb = to.split(".")
    assert list(WORKED.who_may(resource, verb)) == roles


def test_every_verb_that_the_exchange_knows_has_its_rule():
    expected = """
        organisation: register admit suspend reinstate depart
        member: enrol suspend reinstate
        system: enrol suspend reinstate
        key: register revoke
        duties: separate unite
        role: assign revoke
        source: register read sample withdraw
        dataset: draft consent publish withdraw read
        filing: review extend
        item: name_source
        correction: file answer end read
        module: submit read
        application: submit consent withdraw supplement decide consent_to_extension read
        agreement: activate suspend resume narrow terminate end read
        delivery: request read
        audit: read
        subject: read access erase hold identify
        person_request: read answer
        calendar: load confirm set
        dispute: open coordinate read
        disclosure: propose confirm read
        duty: read
        job: read retry discard
        message: read
        notice: publish close read
        consent: ask record load end read
        deletion: read evidence
        rights: apply confirm object read review
        webhook: manage read
        market: sell buy sign read review mediate
    """
    lines = [line.strip().split(": ") for line in expected.strip().splitlines()]
    assert WORKED.verbs() == {(resource, verb) for resource, verbs in lines for verb in verbs.split()}


def test_an_organisations_role_ends_at_its_domain():
    for role in ROLES:
        for resource, verb in WORKED.verbs():
            assert permits((role, HOME), domain=ABROAD, to=f"{resource}.{verb}") == Permit(allow=False, roles=())
            assert permits((role, HOME), domain=EXCHANGE, to=f"{resource}.{verb}") == Permit(allow=False, roles=())


def test_the_exchanges_auditor_reads_everywhere_and_an_organisations_at_home():
    assert permits(("auditor", EXCHANGE), domain=HOME, to="audit.read").allow
    assert permits(("auditor", EXCHANGE), domain=EXCHANGE, to="audit.read").allow
    assert permits(("auditor", HOME), domain=HOME, to="audit.read").allow
    assert not permits(("auditor", HOME), domain=ABROAD, to="audit.read").allow


def test_no_role_of_the_exchange_asks_for_data():
    assignments = [(role, EXCHANGE) for role in ROLES]
    assert not permits(*assignments, domain=HOME, to="delivery.request").allow
    assert not permits(*assignments, domain=HOME, to="application.decide").allow
    assert not permits(*assignments, domain=HOME, to="dataset.publish").allow


def test_who_enrols_does_not_hand_out_roles_or_read_the_log():
    for where in (HOME, EXCHANGE):
        assert not permits(("operator", EXCHANGE), domain=where, to="role.assign").allow
        assert not permits(("operator", EXCHANGE), domain=where, to="audit.read").allow
        assert not permits(("security_administrator", EXCHANGE), domain=where, to="member.enrol").allow
        assert not permits(("auditor", EXCHANGE), domain=where, to="role.assign").allow


def test_the_permit_names_the_roles_it_comes_through():
    assignments = [("approver", HOME), ("steward", HOME), ("consumer", HOME), ("steward", ABROAD), ("unheard-of", HOME)]
    assert permits(*assignments, domain=HOME, to="dataset.publish") == Permit(allow=True, roles=("steward", "approver"))


def test_no_assignment_no_permission():
    for resource, verb in WORKED.verbs():
        assert not permits(domain=HOME, to=f"{resource}.{verb}").allow


assignment_lists = st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from([HOME, ABROAD, EXCHANGE])), max_size=6)
questions = st.tuples(st.sampled_from([HOME, EXCHANGE]), st.sampled_from(sorted(WORKED.verbs())))


@given(assignment_lists, questions)
def test_what_is_remembered_is_what_the_rules_say(
    assignments: list[tuple[str, str]], question: tuple[str, tuple[str, str]]
):
    domain, (resource, verb) = question
    rules = [
        [word.strip() for word in line.split(",")] for line in ROLES_FILE.read_text().splitlines() if line[:1] == "p"
    ]
    through = set()
    for role, where in assignments:
        reaches = {"exchange" if domain == EXCHANGE else "organisation"} if where == domain else set()
        reaches |= {"everywhere"} if where == EXCHANGE else set()
        if any(["p", role, reach, resource, verb, "allow"] in rules for reach in reaches):
            through.add(role)
    expected = Permit(allow=bool(through), roles=tuple(role for role in ROLES if role in through))
    assert permits(*assignments, domain=domain, to=f"{resource}.{verb}") == expected


@pytest.mark.parametrize(
    "bad", ["", "a,b", "a(b", "a)b", "a b", " a", "a\n", "Ärzte", "部门", "A", "a@b", '"a"', "-a", "x" * 129]
)
def test_identifiers_that_rules_could_misread_are_refused(bad: str):
    question = {"principal": "p", "assignments": [("steward", HOME)], "domain": HOME}
    for change in (
        {"principal": bad},
        {"domain": bad},
        {"assignments": [(bad, HOME)]},
        {"assignments": [("steward", bad)]},
    ):
        with pytest.raises(InvalidIdentifier) as refused:
            WORKED.permits(**{**question, **change}, resource="dataset", verb="read")  # type: ignore[arg-type]
        assert len(bad) < 3 or bad not in str(refused.value)


@pytest.mark.parametrize(("resource", "verb"), [("dataset", "burn"), ("moon", "read"), ("", ""), ("dataset", "read,")])
def test_a_verb_without_a_rule_is_a_mistake(resource: str, verb: str):
    with pytest.raises(UnknownVerb):
        WORKED.permits(principal="p", assignments=[], domain=HOME, resource=resource, verb=verb)
    with pytest.raises(UnknownVerb):
        WORKED.who_may(resource, verb)


def test_the_rules_name_only_roles_there_are():
    named = set(re.findall(r"^p, (\w+),", ROLES_FILE.read_text(), re.MULTILINE))
    assert named == set(get_args(Role))


def test_a_denial_outweighs_permissions(tmp_path: Path):
    rules = tmp_path / "roles.csv"
    rules.write_text(ROLES_FILE.read_text() + "\np, auditor, organisation, dataset, publish, deny\n")
    roles = Roles(rules=rules)
    assert not roles.permits(
        principal="p",
        assignments=[("steward", HOME), ("auditor", HOME)],
        domain=HOME,
        resource="dataset",
        verb="publish",
    ).allow
    assert roles.permits(
        principal="p", assignments=[("steward", HOME)], domain=HOME, resource="dataset", verb="publish"
    ).allow


def test_denials_are_not_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    Roles().permits(principal="p", assignments=[("auditor", HOME)], domain=HOME, resource="role", verb="assign")
    assert caplog.records == []


def test_threads_get_the_same_answers():
    roles, wrong = Roles(), []

    def ask() -> None:
        for resource, verb in sorted(roles.verbs()):
            for role in ROLES:
                permit = roles.permits(
                    principal="p", assignments=[(role, HOME)], domain=HOME, resource=resource, verb=verb
                )
                if permit != permits((role, HOME), domain=HOME, to=f"{resource}.{verb}"):
                    wrong.append((role, resource, verb))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_casbin_is_the_one_with_explanations():
    # `casbin` 1.43 explains no permission under a model with denials (pycasbin 2 does).
    directory = ROLES_FILE.parent
    enforcer = casbin.Enforcer(str(directory / "roles.conf"), str(directory / "roles.csv"))
    enforcer.add_function("holds", policies.roles.roles._holds)
    allow, rule = enforcer.enforce_ex(frozenset({"consumer@organisation"}), "delivery", "request")
    assert (allow, rule) == (True, ["consumer", "organisation", "delivery", "request", "allow"])
