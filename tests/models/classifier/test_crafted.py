from tests.models.try_crafted import in_words, try_crafted


def test_forty_crafted_classifiers_end_in_words_of_ours_or_are_taken() -> None:
    tried = try_crafted(seed=3, count=40, classifiers=True)
    assert not tried.findings, in_words(tried.findings)
    assert sum(tried.codes.values()) == 40
    assert "import 6" in tried.codes
