"""What counts as a lesion, when it counts as found, and what an empty mask is worth: published conventions by name."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from nnunet_ext.core.errors import UsageError
from nnunet_ext.evaluation.empty_rules import NOTHING, EmptyRules, EmptyValue
from nnunet_ext.evaluation.lesions import LesionDefinition
from nnunet_ext.evaluation.overlap_rules import AnimaRule, IouRule, OverlapRule, ShareRule, VolumeRule


@dataclass(frozen=True)
class Preset:
    """One convention of scoring.

    Parameters
    ----------
    name
        As it stands in the output.
    lesion
        What counts as a lesion.
    rule
        When one counts as found.
    empty
        What metrics are worth where a mask is empty.
    source
        Where it is published.
    guesses
        What the publication does not say, and was chosen here.
    """

    name: str
    lesion: LesionDefinition
    rule: OverlapRule
    empty: EmptyRules
    source: str
    guesses: tuple[str, ...] = ()

    def content(self) -> dict[str, Any]:
        """Give the preset ready for JSON, which has no NaN and no infinity."""
        content: dict[str, Any] = {
            "name": self.name,
            "lesion": asdict(self.lesion),
            "rule": {"kind": type(self.rule).__name__, **vars(self.rule)},
            "empty_masks": self.empty.words,
            "source": self.source,
            "guesses": list(self.guesses),
        }
        return content


def find_preset(name: str) -> Preset:
    """Find a preset by its name.

    Raises
    ------
    UsageError
        Naming those that there are.
    """
    if name not in PRESETS:
        raise UsageError(f"a preset was needed, one of {', '.join(PRESETS)}; found {name!r}")
    return PRESETS[name]


_NEVER: Final = EmptyValue(NOTHING, NOTHING, NOTHING)
_MISSED: Final = EmptyValue(NOTHING, NOTHING, 0.0)
_INVENTED: Final = replace(_MISSED, smaller=0.0)
_ONE_SIDED: Final = EmptyValue(NOTHING, 0.0, 0.0)
_AGREED: Final = EmptyValue(1.0, 0.0, 0.0)
_INFINITE: Final = EmptyValue(NOTHING, math.inf, math.inf)
_RELATIVE: Final = EmptyValue(NOTHING, NOTHING, -100.0)

_IVADOMED_EMPTY: Final = EmptyRules(
    dsc=_ONE_SIDED, nsd=_ONE_SIDED, distance=_NEVER, rel_vol_error=_RELATIVE,
    lesion_ppv=_NEVER, lesion_sensitivity=_MISSED, lesion_f1=_MISSED,
)  # fmt: skip

SCISEG2: Final = Preset(
    name="sciseg2",
    lesion=LesionDefinition(connectivity=6),
    rule=ShareRule(overlap=0.1),
    empty=EmptyRules(
        dsc=_AGREED, nsd=_ONE_SIDED, distance=_NEVER, rel_vol_error=EmptyValue(0.0, 100.0, -100.0),
        lesion_ppv=_AGREED, lesion_sensitivity=EmptyValue(1.0, 1.0, 0.0), lesion_f1=_AGREED,
    ),
    source="SCIsegV2 (Enamundram Naga Karthik et al. 2024) with its fork of MetricsReloaded (Maier-Hein et al. 2024)",
    guesses=(
        "nsd is in mm; SCIsegV2 computed it with a tolerance of 1 voxel",
        "assd and hd95 are n/a where a mask is empty; the fork gives 0 for two empty masks and stops at one",
    ),
)  # fmt: skip
"""As SCIsegV2 was scored, with its MetricsReloaded."""

ANIMA: Final = Preset(
    name="anima",
    lesion=LesionDefinition(connectivity=6, smallest_mm3=3.0, larger_only=True),
    rule=AnimaRule(),
    empty=EmptyRules(
        dsc=_MISSED, nsd=_MISSED, distance=_NEVER, rel_vol_error=_RELATIVE,
        lesion_ppv=_INVENTED, lesion_sensitivity=_MISSED, lesion_f1=_INVENTED,
    ),
    source="animaSegPerfAnalyzer (Commowick et al. 2018, Scientific Reports 8:13650), as SCIseg was scored with it",
    guesses=(
        "components of 3 mm3 or less are dropped by their true volume; SCIseg's script had lost the spacing, so that "
        "its limit was 3 voxels",
        "gamma is a share of what is covered of a lesion",
        "where the reference holds smaller components only and the prediction a lesion, lesion_ppv is 0 as in Anima "
        "and lesion_f1 is 0; Anima has 0 / 0 for the sensitivity, and nothing for F1",
    ),
)  # fmt: skip
"""As Anima's segmentation performance analyser with SCIseg's options -d -s -l -X."""

PANOPTICA: Final = Preset(
    name="panoptica",
    lesion=LesionDefinition(connectivity=26),
    rule=IouRule(iou=0.5),
    empty=EmptyRules(
        dsc=_ONE_SIDED, nsd=_ONE_SIDED, distance=_INFINITE, rel_vol_error=_NEVER,
        lesion_ppv=EmptyValue(NOTHING, 0.0, NOTHING), lesion_sensitivity=_MISSED, lesion_f1=_ONE_SIDED,
    ),
    source="panoptica (Kofler et al. 2023), naive threshold matching; lesion_f1 is its recognition quality",
    guesses=("nsd has the tolerance that is asked for; panoptica takes the smallest spacing",),
)  # fmt: skip
"""As panoptica scores instances."""

GROS2019: Final = Preset(
    name="gros2019",
    lesion=LesionDefinition(connectivity=18, smallest_voxels=3),
    rule=ShareRule(overlap=0.25, real_overlap=0.25),
    empty=_IVADOMED_EMPTY,
    source="Gros et al. 2019, NeuroImage 184:901-915: a lesion is detected where at least 25 % of it is covered",
    guesses=(
        "connectivity 18 and a smallest lesion of 3 voxels",
        "a predicted lesion is false where less than 25 % of it lies in reference lesions",
        "the values where a mask is empty",
    ),
)
"""As the lesions of multiple sclerosis were scored."""

LEMAY2021: Final = Preset(
    name="lemay2021",
    lesion=LesionDefinition(connectivity=18),
    rule=VolumeRule(overlap_mm3=6.0),
    empty=_IVADOMED_EMPTY,
    source="Lemay et al. 2021, NeuroImage: Clinical 31:102766, with ivadomed: at least 6 mm3 overlap, class by class",
    guesses=("no smallest lesion", "6 mm3 are not rounded to whole voxels, as ivadomed does"),
)
"""As tumour core, cavity and oedema were scored."""

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {preset.name: preset for preset in (SCISEG2, ANIMA, PANOPTICA, GROS2019, LEMAY2021)}
)
"""Every preset by its name."""
