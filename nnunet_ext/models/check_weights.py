"""Whether a model's weights are those of the network that nnU-Net itself builds from its plans."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnunet_ext.core.errors import UnsafeModelError
from nnunet_ext.core.match_network import refuse_other_weights
from nnunet_ext.core.model_name import STOCK_TRAINER

if TYPE_CHECKING:
    from torch import Tensor


def check_weights(
    plans: Mapping[str, Any],
    dataset: Mapping[str, Any],
    configuration: str,
    weights: Mapping[str, Mapping[str, "Tensor"]],
) -> None:
    """Hold weights against the network of nnU-Net's own trainer.

    Parameters
    ----------
    plans, dataset
        That passed their checks, that of the configuration among them.
    weights
        Of each checkpoint, by its name and that of the parameter.

    Raises
    ------
    UnsafeModelError
        See `refuse_other_weights`.
    """
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans  # noqa: PLC0415 - seconds of import
    from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels  # noqa: PLC0415 - the same
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager  # noqa: PLC0415 - the same

    try:
        manager = PlansManager(dict(plans))
        found = manager.get_configuration(configuration)
        channels = determine_num_input_channels(manager, found, dict(dataset))
        heads = manager.get_label_manager(dict(dataset)).num_segmentation_heads
    except Exception as error:  # whatever nnU-Net makes of somebody's files
        raise UnsafeModelError(f"plans.json: nnU-Net cannot take it: {type(error).__name__}: {error}") from error

    def build() -> Any:  # noqa: ANN401 - a module of torch's
        return get_network_from_plans(
            found.network_arch_class_name,
            found.network_arch_init_kwargs,
            found.network_arch_init_kwargs_req_import,
            channels,
            heads,
            allow_init=False,
            deep_supervision=False,
        )

    refuse_other_weights(build, STOCK_TRAINER, weights, (channels, *found.patch_size))
