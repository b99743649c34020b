"""Holding off an erasure and carrying it out, from the operator's terminal."""

from typing import get_args

import pytest

from admin.commands.people.erase import ErasureBasis
from admin.commands.people.hold import HoldBasis
from admin.data_directory import DataDirectory
from ledger.entries.parts import Erasable, Holding
from tests.support.processes.commands import CommandResult, run_in_process

OWNER = "demo-education"
NUMBERS = ("330106199003078812", "330106198811024436", "330106197507312218")
PERSON = NUMBERS[0]


@pytest.fixture(scope="module")
def directory(served: tuple[DataDirectory, str], tmp_path_factory: pytest.TempPathFactory) -> DataDirectory:
    """The demo's exchange, being served, with a table about people."""
    directory, _ = served
    file = tmp_path_factory.mktemp("people") / "graduates.csv"
    file.write_text("person_id,degree\n" + "".join(f"{number},本科\n" for number in NUMBERS), encoding="utf-8")
    published = run_in_process(
        "publish",
        file,
        "--owner",
        OWNER,
        "--title",
        "People",
        "--handle",
        "graduates",
        "--yes",
        "--data",
        directory.path,
    )
    assert published.status == 0, published.err
    return directory


def test_the_codes_are_the_ledgers() -> None:
    assert tuple(ErasureBasis) == get_args(Erasable)
    assert tuple(HoldBasis) == get_args(Holding)


def test_a_hold_comes_before_an_erasure(directory: DataDirectory) -> None:
    def run(*arguments: str, answer: str = "") -> CommandResult:
        return run_in_process(*arguments, "--data", directory.path, answer=answer)

    dataset = f"{OWNER}/graduates"
    unheld = run("erase", dataset, "--yes", answer=f"{PERSON}\n")
    assert (unheld.status, "Nothing is held" in unheld.out) == (0, True), unheld.err
    placed = run("hold", "place", dataset, "--reason", "复议", answer=f"{PERSON}\n")
    assert placed.status == 0, placed.err
    hold = placed.out.strip().rpartition(" ")[2]
    assert hold in run("hold", "list").out
    refused = run("erase", dataset, "--yes", answer=f"{PERSON}\n")
    assert (refused.status, "hold" in refused.err) == (1, True)
    assert run("hold", "lift", hold, "--reason", "结案").status == 0
    unsure = run("erase", dataset, answer=f"{PERSON}\nn\n")
    assert unsure.status == 1
    result = run("erase", dataset, "--basis", "other-law", "--yes", answer=f"{PERSON}\n")
    assert (result.status, "Erased" in result.out) == (0, True), result.err
    subject = next(line.split()[1] for line in result.out.splitlines() if "subject" in line)
    repeated = run("erase", "--subject", subject, "--yes")
    assert (repeated.status, "erased before" in repeated.out) == (0, True)
    for wrong in (("erase",), ("erase", dataset, "--subject", subject)):
        assert run(*wrong, "--yes").status == 1
    for outcome in (placed, refused, result, repeated):
        assert PERSON not in outcome.out + outcome.err
