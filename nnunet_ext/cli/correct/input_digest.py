"""Which image a mask was predicted from, as its sidecar says."""

from pathlib import Path

from nnunet_ext.cascade.prediction.case_files import sidecar_of
from nnunet_ext.core.errors import FileRefusedError
from nnunet_ext.core.read_json import read_json_object


def input_digest(mask: Path, image: Path) -> str:
    """Give the SHA-256 that the image had when the mask was predicted; empty where no sidecar tells it."""
    sidecar = sidecar_of(mask)
    try:
        inputs = read_json_object(sidecar).get("Inputs") if sidecar.is_file() else None
    except FileRefusedError:  # a mask that is sound can be corrected, whatever was written about it
        return ""
    first = inputs[0] if isinstance(inputs, list) and inputs and isinstance(inputs[0], dict) else {}
    named = Path(str(first.get("Name", ""))).name == image.name
    return str(first.get("SHA256", "")) if named else ""
