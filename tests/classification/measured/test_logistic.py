import numpy as np
import pytest

from nnunet_ext.classification.judge.calibration.log_loss import log_loss
from nnunet_ext.classification.measured.fit_logistic import fit_logistic
from tests.classification.measured.drawn import draw_patients


@pytest.mark.parametrize("branches", [2, 3])
def test_a_fitted_model_says_more_of_new_patients_than_their_shares(branches: int) -> None:
    model, new = fit_logistic(draw_patients(100, branches)), draw_patients(100, branches, seed=5)
    loss = log_loss(new.truth, model.predict(new.rows))
    assert loss is not None
    assert loss < 0.92 * np.log(branches)
