"""What is known about one case before anything is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nnunet_ext.core.tables import Row
from nnunet_ext.evaluation.lesions import LesionDefinition


@dataclass(frozen=True)
class MaskFile:
    """Where a region's mask lies.

    Parameters
    ----------
    path
        The file.
    values
        Of a label map, those that are the region; None for a mask of the region alone.
    threshold
        Above which a soft mask counted; None where none was given.
    """

    path: Path
    values: tuple[int, ...] | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class CaseRecord:
    """One case, as far as one folder tells; `merged` puts the folders together.

    Parameters
    ----------
    name
        The case identifier.
    site, contrast, subject, session
        Empty where unknown.
    reason
        Why it was refused or left out; empty where it was not.
    image
        None where unknown.
    reference, prediction
        Region to mask.
    metrics, biomarkers, lesions
        Rows of `metrics.tsv` (one a region), `biomarkers.tsv` (one a lesion) and `lesions.tsv`.
    values
        Numbers to sort by, beside the metrics: of `cases_biomarkers.tsv`, volumes, uncertainty.
    uncertain
        Region to image of the folds' disagreement.
    warnings
        What a reader must know.
    counting
        What counted as a lesion in `lesions`; None where that is unknown.
    instances
        Image of the numbers that the lesions of `biomarkers` have.
    """

    name: str
    site: str = ""
    contrast: str = ""
    subject: str = ""
    session: str = ""
    reason: str = ""
    image: Path | None = None
    reference: Mapping[str, MaskFile] = field(default_factory=dict)
    prediction: Mapping[str, MaskFile] = field(default_factory=dict)
    metrics: tuple[Row, ...] = ()
    biomarkers: tuple[Row, ...] = ()
    lesions: tuple[Row, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    uncertain: Mapping[str, Path] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    counting: LesionDefinition | None = None
    instances: Path | None = None

    def merged(self, other: "CaseRecord") -> "CaseRecord":
        """Add what another folder tells about the same case; where both tell, this one is right."""
        return replace(
            self,
            site=self.site or other.site,
            contrast=self.contrast or other.contrast,
            subject=self.subject or other.subject,
            session=self.session or other.session,
            reason="; ".join(dict.fromkeys(text for text in (self.reason, other.reason) if text)),
            image=self.image or other.image,
            reference=self.reference or other.reference,
            prediction=self.prediction or other.prediction,
            metrics=self.metrics or other.metrics,
            biomarkers=self.biomarkers or other.biomarkers,
            lesions=self.lesions or other.lesions,
            values={**other.values, **self.values},
            uncertain={**other.uncertain, **self.uncertain},
            warnings=tuple(dict.fromkeys((*self.warnings, *other.warnings))),
            counting=self.counting or other.counting,
            instances=self.instances or other.instances,
        )
