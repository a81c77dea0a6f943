"""How much a zip may unpack to before it is taken for a bomb."""

from dataclasses import dataclass

_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Limits for one zip, generous for any model that nnU-Net trains.

    Parameters
    ----------
    entries
        Number of entries.
    file_bytes, text_bytes, total_bytes
        Unpacked size of one file, of one that is parsed as a whole (JSON), and of all.
    ratio
        Unpacked by packed size of a file. JSON packs to a twentieth, weights hardly at all; deflate's bombs reach 1032.
    ratio_from
        Unpacked bytes up to which the ratio is not looked at: small files do no harm.
    """

    entries: int = 5_000
    file_bytes: int = 8 * 1024 * _MIB
    text_bytes: int = 64 * _MIB
    total_bytes: int = 32 * 1024 * _MIB
    ratio: int = 200
    ratio_from: int = _MIB

    def problem(self, name: str, unpacked: int, packed: int) -> str:
        """Say what is wrong with a file that has grown to `unpacked` bytes; empty where nothing is."""
        allowed = self.text_bytes if name.endswith((".json", ".md")) else self.file_bytes
        if unpacked > allowed:
            return f"unpacks to more than {allowed} bytes"
        if unpacked > self.ratio_from and unpacked > self.ratio * packed:
            return f"unpacks to more than {self.ratio} times its packed size"
        return ""
