"""The four diseases that a classifier is to tell apart."""

from enum import StrEnum


class Entity(StrEnum):
    """A diagnosis, as participants.tsv has it."""

    ASTROCYTOMA = "astrocytoma"
    EPENDYMOMA = "ependymoma"
    MS = "MS"
    NMOSD = "NMOSD"

    @property
    def is_tumour(self) -> bool:
        """Whether it is a tumour; else it is demyelination."""
        return self in (Entity.ASTROCYTOMA, Entity.EPENDYMOMA)

    @property
    def sibling(self) -> "Entity":
        """The other one of its kind."""
        siblings = {Entity.ASTROCYTOMA: Entity.EPENDYMOMA, Entity.MS: Entity.NMOSD}
        return siblings.get(self) or next(one for one, other in siblings.items() if other is self)
