from tests.models.try_crafted import in_words, try_crafted


def test_thirty_crafted_models_end_in_words_of_ours_or_are_taken() -> None:
    tried = try_crafted(seed=12, count=30)
    assert not tried.findings, in_words(tried.findings)
    assert sum(tried.codes.values()) == 30
    assert {"import 6", "predict 6", "predict 0"} <= set(tried.codes)
