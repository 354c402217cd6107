"""The tree of errors: what is told, and that mistakes are told together."""

from __future__ import annotations

import pytest

from whether.errors import DamageError, RequestError, WhetherError, WorkError, gather, unknown


def test_exit_codes_are_those_of_the_command_line() -> None:
    assert [error.exit_code for error in (WorkError, RequestError, DamageError)] == [1, 2, 3]
    assert all(issubclass(error, WhetherError) for error in (WorkError, RequestError, DamageError))


def test_joined_errors_tell_each_problem_once_and_in_order() -> None:
    joined = RequestError.join([RequestError("b", "a"), RequestError("a"), RequestError("c")])
    assert joined.problems == ("b", "a", "c")
    assert str(joined) == "b\na\nc"


def test_unknown_gives_the_nearest_the_list_and_the_hint() -> None:
    told = str(unknown("data set", "minst", ["mnist", "xor", "digits"], "Or a path."))
    assert told == "unknown data set 'minst'; did you mean 'mnist'? Known: digits, mnist, xor. Or a path."


def test_unknown_guesses_nothing_where_nothing_is_near_and_lists_only_short_tables() -> None:
    assert str(unknown("data set", "zzzz", ["mnist"])) == "unknown data set 'zzzz'. Known: mnist."
    assert "Known" not in str(unknown("digest", "q", [f"name-{place}" for place in range(25)]))
    assert "Known" in str(unknown("digest", "q", [f"name-{place}" for place in range(24)]))
    assert str(unknown("digest", "q", [])) == "unknown digest 'q'."


def test_gather_runs_every_check_and_tells_all() -> None:
    ran: list[int] = []

    def check(number: int) -> None:
        ran.append(number)
        if number != 2:
            raise RequestError(f"problem {number}")

    with pytest.raises(RequestError, match="problem 1\nproblem 3"):
        gather(lambda: check(1), lambda: check(2), lambda: check(3))
    assert ran == [1, 2, 3]
    gather(lambda: check(2))


def test_gather_lets_other_errors_through() -> None:
    def broken() -> None:
        raise WorkError("the disk is full")

    with pytest.raises(WorkError, match="the disk is full"):
        gather(broken)


def test_damage_names_its_place() -> None:
    assert DamageError("bent", place="records/ab").place == "records/ab"
