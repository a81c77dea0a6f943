from html.parser import HTMLParser

from nnunet_ext.report.agreement_page import AgreementContent, render_agreement_page
from nnunet_ext.report.section import Picture, Section

HOSTILE = '<script>alert("x")</script>'


class Reader(HTMLParser):
    """Collects tags, addresses and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(content: AgreementContent) -> Reader:
    reader = Reader()
    reader.feed(render_agreement_page(content))
    return reader


def test_the_page_holds_everything_and_reaches_for_nothing() -> None:
    section = Section("s", "Metrics", "lead", ("A", "B"), [("dsc", "0.5")], "note", (Picture("t", "alt", b"<svg/>"),))
    found = read(AgreementContent("Agreement", "of two", ("one finding",), ("one gap",), (section,), {}, {}))
    for text in ("of two", "one finding", "one gap", "dsc", "0.5", "note"):
        assert text in found.text
    assert all(address.startswith(("#", "data:image/svg+xml;base64,")) for address in found.addresses)
    assert "script" not in found.tags


def test_what_a_table_says_is_never_markup() -> None:
    section = Section("s", HOSTILE, HOSTILE, (HOSTILE,), [(HOSTILE,)], HOSTILE, (Picture(HOSTILE, HOSTILE, b""),))
    content = AgreementContent(
        HOSTILE,
        HOSTILE,
        (HOSTILE,),
        (HOSTILE,),
        (section,),
        {HOSTILE: {HOSTILE: (HOSTILE, "", "")}},
        {HOSTILE: HOSTILE},
    )
    assert "script" not in read(content).tags


def test_a_path_loses_its_folders() -> None:
    page = render_agreement_page(AgreementContent("x", "of /srv/anna/study/sub-01.nii.gz"))
    assert "anna" not in page
    assert "sub-01.nii.gz" in page


def test_a_page_without_anything_says_so() -> None:
    assert "Nothing was compared." in read(AgreementContent("Agreement", "")).text
