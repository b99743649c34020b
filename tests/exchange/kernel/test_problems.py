"""Every type of problem is registered, and is complete when it is declared."""

import pytest

from exchange.kernel.problems import NotFound, Problem, ProblemType, problem_types, register_problem


def test_a_problem_states_its_type() -> None:
    assert NotFound.problem_type in problem_types()
    with pytest.raises(TypeError, match=r"states no slug, __doc__, title, status"):

        class Nothing(Problem):
            pass

    with pytest.raises(TypeError, match="states no slug"):

        class Heir(NotFound):
            """A subclass does not share its parent's slug."""


def test_a_type_is_registered_once() -> None:
    with pytest.raises(ValueError, match=r"not-found \(404\) is registered already"):
        register_problem(ProblemType("not-found", "Another", 404, "text"))


def test_an_abstract_problem_has_the_type_that_it_is_given() -> None:
    class Refused(Problem, is_abstract=True):
        """Refused for one of many reasons."""

    problem = Refused("Do that.", problem_type=ProblemType("some-reason", "A reason", 403, "text"), reasons=[])
    assert problem.document() == {
        "type": "/problems/some-reason",
        "title": "A reason",
        "status": 403,
        "detail": "Do that.",
        "reasons": [],
    }
