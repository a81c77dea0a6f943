"""Whether the packages of the extra `classify` are there."""

from importlib.util import find_spec

from nnunet_ext.core.errors import EnvironmentProblemError

_PACKAGES = ("monai", "safetensors")


def require_network_packages() -> None:
    """Make sure that a network can be built, read and written.

    Raises
    ------
    EnvironmentProblemError
        With the command that installs what is missing.
    """
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if missing:
        raise EnvironmentProblemError(
            f"{' and '.join(missing)} was needed for the network and is not installed; "
            f"run: pip install 'nnunet_ext[classify]'"
        )
