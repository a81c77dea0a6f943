"""What this machine's processor can do."""


def cpu_has_bf16() -> bool:
    """Tell whether the processor computes in bfloat16 itself; elsewhere it is emulated, slower than float32."""
    import torch  # noqa: PLC0415 - seconds of import that asking for help must not cost

    # PyTorch has no public question for this yet; where it has not even these, the answer is no.
    return any(getattr(torch.cpu, name, bool)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
