import logging
import sys
import warnings

import pytest
import torch

from nnunet_ext.cascade.prediction.quiet import quietly, torch_as_found


def test_what_is_printed_and_warned_goes_to_the_log_only(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "nnunet_ext")
    with warnings.catch_warnings(record=True) as warned, quietly():
        print("one\n\ntwo", file=sys.stdout)  # noqa: T201 - as nnU-Net does
        warnings.warn("three", DeprecationWarning, stacklevel=1)
    assert capsys.readouterr() == ("", "")
    assert warned == []
    assert caplog.messages == ["one", "two", "DeprecationWarning: three"]
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}


def test_an_error_comes_through_and_printing_works_again(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), quietly():
        raise KeyError
    print("heard")  # noqa: T201 - that is the point
    assert capsys.readouterr().out == "heard\n"


@pytest.mark.usefixtures("one_thread")
def test_torch_is_left_as_found_after_an_error_too() -> None:
    def change() -> None:
        with torch_as_found(torch.device("cpu")):
            assert torch.is_inference_mode_enabled()
            torch.set_num_threads(2)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        change()
    assert torch.get_num_threads() == 1
    assert not torch.is_inference_mode_enabled()
