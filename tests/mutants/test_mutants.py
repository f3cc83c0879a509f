"""The mistakes of the mutation run can still be made, and the tests that look for them exist."""

from pathlib import Path

import pytest

from mutants.mutations import MUTATIONS, Mutation
from mutants.run import mutated

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_a_mistake_can_still_be_made(mutation: Mutation) -> None:
    source = (ROOT / mutation.file).read_text("utf-8")
    wrong = mutated(source, mutation)

    assert wrong != source
    compile(wrong, mutation.file, "exec")
    assert all((ROOT / each).is_file() for each in mutation.tests)


def test_there_are_a_dozen_of_them_and_each_has_a_name() -> None:
    names = {each.name for each in MUTATIONS}

    assert len(names) == len(MUTATIONS) >= 12


def test_a_place_that_is_no_longer_there_is_said() -> None:
    rotten = Mutation("rotten", "x.py", "old", "new", ())

    with pytest.raises(ValueError, match=r"rotten: its text stands 0 times in x\.py"):
        mutated("else", rotten)
