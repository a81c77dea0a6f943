"""Which profile each dataset is read by, as a command line says it."""

from collections.abc import Collection, Sequence

from nnunet_ext.core.errors import UsageError


def asked_profiles(asked: Sequence[str], names: Collection[str]) -> dict[str, str]:
    """Read `[DATASET=]PROFILE`: the profile of each dataset that has one, its own or that for all.

    Raises
    ------
    UsageError
        Where several are for all.
    """
    own = dict(one.split("=", 1) for one in asked if one.partition("=")[0] in names and "=" in one)
    general = [one for one in asked if one.partition("=")[0] not in names or "=" not in one]
    if len(general) > 1:
        raise UsageError(
            f"--profile is given once for all datasets, or as DATASET=PROFILE with a dataset of "
            f"{', '.join(sorted(names))}; found {' and '.join(general)}"
        )
    return {**dict.fromkeys(names, general[0]), **own} if general else own
