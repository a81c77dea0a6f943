"""What computers and people lay beside a model in a zip, and what can do no harm as it is never unpacked."""

import re
from typing import Final

# What macOS, Windows, git and notebooks leave in a folder that somebody zips.
_FOLDERS: Final = frozenset(
    {
        "__macosx", ".git", ".ipynb_checkpoints", ".trashes", ".spotlight-v100", ".fseventsd", ".temporaryitems",
        "$recycle.bin", "system volume information", "wandb",
    }
)  # fmt: skip
_SYSTEM: Final = re.compile(
    r"\._.*|\.ds_store|\.localized|icon\r|\.directory|\.git(ignore|attributes|keep|modules)|thumbs\.db|ehthumbs\.db"
    r"|desktop\.ini|~\$.*",
    re.DOTALL,
)
_BARE: Final = re.compile(
    r"(readme|licen[cs]es?|copying|notice|authors?|contributors|citation|change(s|log)|version|model_?card)"
)
_DOCUMENT: Final = re.compile(
    r".*\.(md|txt|rst|rtf|pdf|docx?|odt|html?|bib|cff|log|csv|tsv|xlsx?|ods|ya?ml|toml|ini|xml|png|jpe?g|svg|gif|tiff?"
    r"|bmp|webp|nii|nii\.gz|npz|npy|md5|sha1|sha256|asc|sig|bak|tmp|orig)"
    r"|events\.out\.tfevents\..*",
    re.DOTALL,
)
# Not under the names of a model's own files, which somewhere else would be a model that is left out in silence.
_NOTES: Final = re.compile(
    r"(?!(plans|dataset|manifest|crop_metadata|dataset_fingerprint)\.json)[a-z0-9_-][a-z0-9_. -]*\.json", re.ASCII
)


def is_harmless(entry: str) -> bool:
    """Tell whether an entry of a zip is no part of a model, nor code, but a document, a log, a picture or litter.

    Nothing of it is ever unpacked: the name alone counts, in any case and any script.
    """
    *folders, name = entry.lower().split("/")
    if _FOLDERS.intersection(folders):
        return True
    kinds = (_SYSTEM, _BARE, _DOCUMENT, _NOTES)
    return all(folders) and "." not in folders and any(kind.fullmatch(name) for kind in kinds)
