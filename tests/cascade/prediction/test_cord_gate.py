import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.cascade.prediction.cord_gate import CordGate
from nnunet_ext.core.orientation import reorient
from nnunet_ext.core.volume import Volume

GATE = CordGate(shortest_mm=15, thinnest_mm2=25)


def tube(slices: int, across: int, *, field: int = 60, thick: float = 1.0) -> Volume:
    """A square bar of voxels of 1 mm x 1 mm x `thick`, in the middle of its field."""
    data = np.zeros((20, 20, field), dtype=np.bool_)
    first = (field - slices) // 2
    data[5 : 5 + across, 5 : 5 + across, first : first + slices] = True
    return Volume(data, np.diag([1.0, 1.0, thick, 1.0]))


def test_a_short_or_a_thin_tube_is_no_cord_and_the_reason_is_said() -> None:
    assert GATE.refuses(tube(15, 7)) is None
    assert GATE.refuses(tube(14, 7)) == "the largest tube is 14 mm long, less than 15"
    assert GATE.refuses(tube(20, 4)) == "the largest tube has 320 mm3, less than 375"
    assert GATE.refuses(tube(0, 0)) == ""
    assert CordGate().refuses(tube(7, 3)) is None
    assert CordGate().refuses(tube(5, 3)) == "the largest tube has 45 mm3, less than 50"


@pytest.mark.parametrize(("slices", "field", "thick"), [(7, 7, 2.0), (2, 3, 5.0), (1, 1, 5.0)])
def test_a_field_that_is_shorter_than_a_cord_must_be_holds_a_real_one(slices: int, field: int, thick: float) -> None:
    assert GATE.refuses(tube(slices, 7, field=field, thick=thick)) is None
    assert GATE.refuses(tube(slices, 2, field=field, thick=thick)) is not None


@given(st.integers(1, 30), st.integers(2, 9), st.permutations("LPS"))
def test_the_answer_hangs_on_no_orientation(slices: int, across: int, axes: list[str]) -> None:
    bar = tube(slices, across)
    assert GATE.refuses(bar) == GATE.refuses(reorient(bar, "".join(axes)))
