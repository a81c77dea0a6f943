"""Libraries that an extra of this package brings, imported where they are needed."""

from importlib import import_module
from types import ModuleType

from nnunet_ext.core.errors import EnvironmentProblemError


def require_extra(module: str, extra: str, needed_by: str, otherwise: str = "") -> ModuleType:
    """Import a library that not everybody has.

    Parameters
    ----------
    module
        As in an import: `skops.io`.
    extra
        Of this package, which brings it: `classify`.
    needed_by
        What wants it, for the message: `classification`.
    otherwise
        What to do without it, as the end of the sentence: `, or use --engine torch`.

    Raises
    ------
    EnvironmentProblemError
        Where it is not installed, or broken, with the command that installs it.
    """
    try:
        return import_module(module)
    except (ImportError, OSError) as error:
        package = module.partition(".")[0]
        raise EnvironmentProblemError(
            f"{needed_by} needs the package {package} ({error}); run: pip install 'nnunet_ext[{extra}]'{otherwise}"
        ) from error
