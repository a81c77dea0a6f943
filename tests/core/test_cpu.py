"""What the processor can do, beside what Linux says of it."""

from pathlib import Path

import pytest

from nnunet_ext.core.cpu import cpu_has_bf16

CPUINFO = Path("/proc/cpuinfo")


def test_bfloat16_is_found_where_linux_lists_it() -> None:
    flags = set(CPUINFO.read_text().split()) if CPUINFO.exists() else set()
    if "avx2" not in flags:
        pytest.skip("Linux on an x86 processor is needed, to ask it the same")
    assert cpu_has_bf16() == bool(flags & {"avx512_bf16", "amx_tile"})
