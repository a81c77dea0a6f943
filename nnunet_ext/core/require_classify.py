"""Libraries that classification needs, imported where they are needed."""

from types import ModuleType

from nnunet_ext.core.require_extra import require_extra


def require_classify(module: str) -> ModuleType:
    """Import a library of the extra `classify`, such as `sklearn.linear_model`, `monai.networks.nets` or `skops.io`.

    Raises
    ------
    EnvironmentProblemError
        Where it is not installed, or broken, with the command that installs it.
    """
    return require_extra(module, "classify", "classification")
