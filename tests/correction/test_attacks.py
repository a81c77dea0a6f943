import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnunet_ext.core.errors import EnvironmentProblemError
from nnunet_ext.correction import bodies, handler
from nnunet_ext.correction.answer import POLICY
from nnunet_ext.correction.bodies import MOST_BYTES
from nnunet_ext.correction.server import serve
from nnunet_ext.correction.work import Work
from tests.correction.made_desk import ASSETS, REGIONS, MadeDesk, Said, Tab

JSON = "Content-Type: application/json\r\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeDesk:
    return MadeDesk(tmp_path_factory.mktemp("attacked")).make()


@pytest.fixture(scope="module")
def tab(made: MadeDesk) -> Iterator[Tab]:
    with serve(made.desk, ASSETS, host="localhost") as serving:
        opened = Tab(serving.address)
        assert opened.open().status == 200
        yield opened


def raw(tab: Tab, text: str | bytes, *, closed: bool = False) -> Said:
    """Send these very bytes, and read until the server closes the connection."""
    place = urlsplit(tab.address)
    with closing(socket.create_connection((place.hostname, place.port), timeout=30)) as connection:
        connection.sendall(text.encode() if isinstance(text, str) else text)
        if closed:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(1 << 16):
            received += piece
    head, _, content = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return Said(int(status.split()[1]), dict(line.split(": ", 1) for line in lines), content)


def request(tab: Tab, line: str, *headers: str, body: str = "") -> str:
    """An otherwise good request, in full."""
    place = urlsplit(tab.address)
    lines = [line.replace("~/", place.path), *headers]
    if not any(header.lower().startswith("host:") for header in headers):
        lines.append(f"Host: {place.netloc}")
    return "\r\n".join([*lines, "Connection: close", "", body])


def host(tab: Tab) -> str:
    return urlsplit(tab.address).netloc


def untouched(made: MadeDesk) -> bool:
    """Whether nobody has drawn or saved anything."""
    return not (made.desk.hidden / "drafts").exists() and not (made.place / "marks.tsv").exists()


def test_an_address_without_the_token_or_with_another_is_refused(tab: Tab) -> None:
    token = urlsplit(tab.address).path.strip("/")
    for path in (
        "/",
        "/queue",
        f"/{token}",
        f"/{token[:-1]}/",
        f"/{token}x/queue",
        f"/{token.swapcase()}/",
    ):
        assert raw(tab, request(tab, f"GET {path} HTTP/1.1")).status == 403, path
    assert raw(tab, request(tab, f"GET http://{host(tab)}/{token}/ HTTP/1.1")).status == 403
    assert raw(tab, request(tab, "GET /\xe9\xff/ HTTP/1.1")).status == 403
    assert raw(tab, request(tab, "GET ~/queue HTTP/1.1")).status == 200


def test_no_two_servers_have_one_token_and_nobody_guesses_one(tab: Tab, tmp_path: Path) -> None:
    with serve(MadeDesk(tmp_path).make().desk, ASSETS) as other:
        tokens = {urlsplit(address).path.strip("/") for address in (tab.address, other.address)}
    assert len(tokens) == 2
    assert min(map(len, tokens)) >= 43  # 256 bits, six a character


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil.example:{port}",
        "",
        "127.0.0.1:{port}@evil",
    ],
)
def test_a_request_under_another_name_is_refused_as_after_dns_rebinding(tab: Tab, name: str) -> None:
    asked = name.format(port=urlsplit(tab.address).port)
    assert raw(tab, request(tab, "GET ~/queue HTTP/1.1", f"Host: {asked}")).status == 403


def test_a_request_with_no_name_or_two_is_refused(tab: Tab) -> None:
    path = urlsplit(tab.address).path
    assert raw(tab, f"GET {path}queue HTTP/1.1\r\nConnection: close\r\n\r\n").status == 403
    twice = request(tab, "GET ~/queue HTTP/1.1", f"Host: {host(tab)}", "Host: evil.example")
    assert raw(tab, twice).status == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_the_names_of_the_loopback_are_this_servers(tab: Tab, name: str) -> None:
    port = urlsplit(tab.address).port
    assert raw(tab, request(tab, "GET ~/queue HTTP/1.1", f"Host: {name}:{port}")).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://{host}", "http://127.0.0.1:1", "http://{host}.evil"]
)
def test_a_request_of_a_page_elsewhere_is_refused(tab: Tab, origin: str) -> None:
    asked = origin.format(host=host(tab))
    assert tab.get("queue", Origin=asked).status == 403
    assert tab.post("beat", {"tab": "tab-1"}, Origin=asked).status == 403
    assert tab.post("beat", {"tab": "tab-1"}, Origin=f"http://{host(tab)}").status == 200


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_a_request_that_the_browser_calls_another_sites_is_refused(tab: Tab, site: str, status: int) -> None:
    assert tab.get("", Sec_Fetch_Site=site).status == status
    assert tab.post("beat", {"tab": "tab-1"}, Sec_Fetch_Site=site).status == status


@pytest.mark.parametrize("path", ["case/1/open", "case/1/draft", "case/1/save", "case/1/release", "beat", "end"])
def test_what_changes_something_cannot_be_asked_with_get(tab: Tab, path: str) -> None:
    assert tab.get(path).status == 405


@pytest.mark.parametrize(
    "path", ["", "queue", "static/desk.js", "case/1/image.nii?tab=tab-1", "case/1/probability/sc?tab=tab-1"]
)
def test_what_is_read_cannot_be_posted_to(tab: Tab, path: str) -> None:
    assert tab.post(path, {}).status == 405


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW", "get"])
def test_no_other_method_is_known(tab: Tab, method: str) -> None:
    answer = raw(tab, request(tab, f"{method} ~/queue HTTP/1.1"))
    assert answer.status == 405
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=utf-16",
        None,
    ],
)
def test_a_form_or_plain_text_is_refused(tab: Tab, content_type: str | None) -> None:
    body = b'{"tab": "tab-1"}'
    headers = {} if content_type is None else {"Content_Type": content_type}
    assert tab.ask("POST", "beat", body, **headers).status == 415


@pytest.mark.parametrize("length", [str(MOST_BYTES + 1), str(10**15)])
def test_a_body_that_is_said_to_be_huge_is_refused_unread(tab: Tab, length: str) -> None:
    answer = raw(
        tab, request(tab, "POST ~/case/1/draft HTTP/1.1", JSON + f"Content-Length: {length}", body="{"), closed=True
    )
    assert answer.status == 413


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "+2", "2, 2", "", "9" * 40, "\u0662"])
def test_a_length_that_is_no_number_is_refused(tab: Tab, length: str) -> None:
    answer = raw(tab, request(tab, "POST ~/beat HTTP/1.1", JSON + f"Content-Length: {length}", body="{}"), closed=True)
    assert answer.status == 400


def test_a_body_in_chunks_of_two_lengths_or_of_none_is_refused(tab: Tab) -> None:
    chunked = request(tab, "POST ~/beat HTTP/1.1", JSON + "Transfer-Encoding: chunked", body="2\r\n{}\r\n0\r\n\r\n")
    both = request(tab, "POST ~/beat HTTP/1.1", JSON + "Transfer-Encoding: chunked\r\nContent-Length: 2", body="{}")
    twice = request(tab, "POST ~/beat HTTP/1.1", JSON + "Content-Length: 2\r\nContent-Length: 20", body="{}")
    none = request(tab, "POST ~/beat HTTP/1.1", JSON.strip(), body="{}")
    for text in (chunked, both, twice, none):
        assert raw(tab, text, closed=True).status == 400


def test_a_body_that_is_shorter_than_said_hangs_nobody(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    short = request(tab, "POST ~/beat HTTP/1.1", JSON + "Content-Length: 100", body="{}")
    assert raw(tab, short, closed=True).status == 400
    monkeypatch.setattr(handler.Handler, "timeout", 0.2)
    answer = raw(tab, short)
    assert (answer.status, answer.json["error"]) == (400, "a body of 100 bytes was said, and 2 came")


def test_a_body_that_trickles_is_given_up(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_SECONDS", 0.1)
    place = urlsplit(tab.address)
    with closing(socket.create_connection((place.hostname, place.port), timeout=30)) as connection:
        connection.sendall(request(tab, "POST ~/beat HTTP/1.1", JSON + "Content-Length: 1000000").encode())
        end = time.monotonic() + 20
        answer = b""
        connection.settimeout(0.05)
        while not answer and time.monotonic() < end:
            connection.sendall(b" ")
            try:
                answer = connection.recv(100)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "name",
    [
        "../queue", "..%2f..%2fetc%2fpasswd", "%2e%2e/desk.js", "/etc/passwd", "%2fetc%2fpasswd", "desk.js%00",
        "desk.js/", "./desk.js", "..\\desk.js", "%252e%252e/desk.js", "DESK.JS", "", "desk.js%0d%0aX: y", "\xff",
    ],
)  # fmt: skip
def test_of_the_pages_files_only_the_named_ones_are_read(tab: Tab, name: str) -> None:
    assert raw(tab, request(tab, f"GET ~/static/{name} HTTP/1.1")).status in {400, 404}


@pytest.mark.parametrize(
    "region", ["../lesion", "..%2flesion", "%2fetc%2fpasswd", "cord", "lesion%00", "", "LESION", "sc/"]
)
def test_of_a_cases_probabilities_only_the_named_ones_are_read(tab: Tab, region: str) -> None:
    assert tab.get(f"case/1/probability/{region}?tab=tab-1").status == 404


@pytest.mark.parametrize(
    "number", ["3", "0", "-1", "1.0", "1e0", "%31x", "one", "", "999999999999999999999", "\u0661", "../1", "01/../1"]
)
def test_an_unknown_case_is_not_there(tab: Tab, number: str) -> None:
    path = f"case/{number}/open".encode().decode("latin-1")
    body = '{"tab": "tab-1"}'
    answer = raw(tab, request(tab, f"POST ~/{path} HTTP/1.1", JSON + f"Content-Length: {len(body)}", body=body))
    assert answer.status in {400, 404}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe{}", b"\xc3\x28", b"[]", b"1", b"null", b'"{}"', b"{", b"{}{}", b'{"tab": NaN}',
        b'{"tab": Infinity}', b'{"tab": 1e999}', b"[" * 100_000,
        b'{"a":' * 100_000, b'{"tab": ' + b"9" * 5000 + b"}", b'{"tab": "\\ud800"}',
        b'{"tab": ["tab-1"]}', b'{"tab": ""}', b'{"tab": "../x"}', b'{"tab": "' + b"x" * 65 + b'"}',
        b'{"tab": "a\\nb"}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_object_of_a_tab_is_malformed(tab: Tab, content: bytes) -> None:
    assert tab.ask("POST", "beat", content, Content_Type="application/json").status == 400


def _bad_drafts() -> dict[str, dict[str, Any]]:
    runs = {
        "outside": [3839, 2], "far outside": [2**62, 1], "beyond 64 bits": [2**70, 1], "negative start": [-1, 2],
        "no length": [0, 0], "negative length": [5, -1], "overlapping": [0, 5, 3, 5], "backwards": [10, 1, 0, 1],
        "odd": [1], "fraction": [0.5, 1], "text": ["0", "1"], "true": [True, True], "nested": [[0, 1]], "none": None,
    }  # fmt: skip
    changes: dict[str, dict[str, Any]] = {
        f"runs {name}": {"masks": {"sc": {"runs": []}, "lesion": {"runs": value}}} for name, value in runs.items()
    }
    return changes | {
        "an unknown region": {"masks": {"sc": {"runs": []}, "lesion": {"runs": []}, "other": {"runs": []}}},
        "a region too few": {"masks": {"sc": {"runs": []}}},
        "no masks": {"masks": None},
        "masks in a list": {"masks": [1, 2]},
        "absent elsewhere": {"said": {"absent": ["brain"], "comment": ""}},
        "absent in a text": {"said": {"absent": "sc", "comment": ""}},
        "a long comment": {"said": {"absent": [], "comment": "x" * 2001}},
        "a number as comment": {"said": {"absent": [], "comment": 1}},
        "half a character": {"said": {"absent": [], "comment": "\ud800"}},
        "negative time": {"effort": {"seconds": -1, "clicks": 0, "strokes": 0, "tools": {}}},
        "time in words": {"effort": {"seconds": "1", "clicks": 0, "strokes": 0, "tools": {}}},
        "half a click": {"effort": {"seconds": 1, "clicks": 0.5, "strokes": 0, "tools": {}}},
        "a tool with tabs": {"effort": {"seconds": 1, "clicks": 0, "strokes": 0, "tools": {"a\tb": 1}}},
        "tools by the hundred": {
            "effort": {"seconds": 1, "clicks": 0, "strokes": 0, "tools": {f"t{n}": 1 for n in range(99)}}
        },
    }


@pytest.mark.parametrize("change", _bad_drafts())
def test_a_draft_that_is_none_is_malformed_and_leaves_no_file(tab: Tab, made: MadeDesk, change: str) -> None:
    body = tab.body(made.drawn()) | _bad_drafts()[change]
    for path, more in (("draft", {}), ("save", {"action": "accept"})):
        answer = tab.post(f"case/1/{path}", {**body, **more})
        assert answer.status == 400, answer.content
    assert untouched(made)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_RUNS = st.lists(st.integers(-2, 4000), max_size=6) | _ANYTHING
_BODIES = st.fixed_dictionaries(
    {},
    optional={
        "tab": st.just("tab-1") | _ANYTHING,
        "masks": st.fixed_dictionaries({name: st.fixed_dictionaries({"runs": _RUNS}) for name in REGIONS}) | _ANYTHING,
        "said": st.fixed_dictionaries({"absent": _ANYTHING, "comment": _ANYTHING}) | _ANYTHING,
        "effort": st.dictionaries(st.sampled_from(["seconds", "clicks", "strokes", "tools"]), _ANYTHING) | _ANYTHING,
        "action": st.sampled_from(["accept", "reject"]) | _ANYTHING,
    },
)


@given(st.sampled_from(["open", "draft", "save", "release"]), _BODIES)
def test_no_body_of_whatever_content_is_a_fault_of_the_server(tab: Tab, verb: str, body: dict[str, object]) -> None:
    assert tab.post(f"case/2/{verb}", body).status in {200, 400, 409, 422}


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_no_bytes_of_whatever_content_take_the_server_from_others(tab: Tab, lines: list[bytes]) -> None:
    place = urlsplit(tab.address)
    with closing(socket.create_connection((place.hostname, place.port), timeout=30)) as connection:
        connection.sendall(b"\r\n".join(lines))
    assert tab.get("queue").status == 200


def test_a_fault_of_the_server_tells_the_page_nothing_of_itself(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(Work, "queue", fail)
    answer = tab.get("queue")
    assert answer.status == 500
    assert b"secret" not in answer.content
    assert b"Traceback" not in answer.content


def test_runs_by_the_million_are_refused_in_time(tab: Tab, made: MadeDesk) -> None:
    runs = ",".join(f"{start},1" for start in range(0, 4_000_000, 2))
    text = json.dumps(tab.body(made.drawn()) | {"masks": {"sc": {"runs": "~"}, "lesion": {"runs": []}}}).replace(
        '"~"', f"[{runs}]"
    )
    answer = tab.ask("POST", "case/1/draft", text.encode(), Content_Type="application/json")
    assert (answer.status, "at most 1000000 runs" in answer.json["error"]) == (400, True)


@pytest.mark.parametrize("action", [None, "", "delete", "ACCEPT", 1, ["accept"]])
def test_an_unknown_action_is_malformed(tab: Tab, made: MadeDesk, action: object) -> None:
    assert tab.post("case/1/save", tab.body(made.drawn(), action=action)).status == 400
    assert untouched(made)


def test_a_client_that_says_nothing_holds_up_no_other(tab: Tab) -> None:
    place = urlsplit(tab.address)
    idle = [socket.create_connection((place.hostname, place.port), timeout=30) for _ in range(20)]
    try:
        for connection in idle[::2]:
            connection.sendall(b"POST / HTTP/1.1\r\nContent-Le")
        assert tab.get("queue").status == 200
    finally:
        for connection in idle:
            connection.close()


@pytest.mark.parametrize(
    "query", ["&".join(["a=1"] * 999), "tab=%ff", "tab=" + "x" * 65, "tab=../x", "tab[]=1", "%00", "tab=a;b"]
)
def test_a_query_of_whatever_content_names_a_tab_or_none(tab: Tab, query: str) -> None:
    assert tab.get(f"queue?{query}").status in {200, 400}


def test_a_line_or_a_header_without_end_is_refused(tab: Tab) -> None:
    assert raw(tab, "GET /" + "a" * 70_000 + " HTTP/1.1\r\n\r\n").status == 414
    assert raw(tab, request(tab, "GET ~/queue HTTP/1.1", "X: " + "a" * 70_000)).status == 431
    assert raw(tab, request(tab, "GET ~/queue HTTP/1.1", *(f"X{n}: 1" for n in range(200)))).status == 431
    assert raw(tab, "\x16\x03\x01 no http\r\n\r\n").status == 400


def test_every_answer_has_the_headers_that_keep_a_page_in_its_place(tab: Tab) -> None:
    answers = [
        tab.get(""), tab.get("queue"), tab.get("no/such"), tab.get("case/1/image.nii?tab=tab-1"), tab.post("beat", {}),
        raw(tab, request(tab, "BREW ~/queue HTTP/1.1")), raw(tab, request(tab, "GET /queue HTTP/1.1")),
    ]  # fmt: skip
    for answer in answers:
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Server"] == "nnunet_ext"


def test_the_policy_lets_nothing_run_that_is_written_in_a_page() -> None:
    assert "default-src 'none'" in POLICY
    assert "unsafe-inline" not in POLICY
    assert "unsafe-eval'" not in POLICY.replace("wasm-unsafe-eval'", "")
    assert "http" not in POLICY


def test_the_log_tells_what_was_asked_without_the_token(tab: Tab, caplog: pytest.LogCaptureFixture) -> None:
    token = urlsplit(tab.address).path.strip("/")
    with caplog.at_level(logging.DEBUG):
        tab.get("queue")
        tab.get("no/such")
        raw(tab, request(tab, f"GET /{token}x/ HTTP/1.1"))
        raw(tab, request(tab, "BREW ~/queue HTTP/1.1"))
        raw(tab, request(tab, "GET ~/\x1b[31m HTTP/1.1"))
    assert "GET 'queue' 200" in caplog.text
    assert token not in caplog.text
    assert "\x1b" not in caplog.text


def test_under_the_name_that_it_is_told_a_server_answers_and_under_no_other(made: MadeDesk) -> None:
    with serve(made.desk, ASSETS, host="127.0.0.2") as serving:
        tab = Tab(serving.address)
        assert tab.get("queue").status == 200
        assert tab.get("queue", Host=f"127.0.0.3:{urlsplit(tab.address).port}").status == 403


def test_an_address_of_ip_version_6_is_written_in_brackets(made: MadeDesk) -> None:
    try:
        serving = serve(made.desk, ASSETS, host="::1")
    except EnvironmentProblemError:
        pytest.skip("no IPv6 on this machine")
    with serving:
        assert serving.address.startswith("http://[::1]:")
        assert Tab(serving.address).get("queue").status == 200


def test_a_server_listens_on_the_loopback_alone(made: MadeDesk) -> None:
    with serve(made.desk, ASSETS) as serving:
        port = urlsplit(serving.address).port
        assert urlsplit(serving.address).hostname == "127.0.0.1"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_a_tab_of_an_ended_server_gets_no_answer(made: MadeDesk) -> None:
    with serve(made.desk, ASSETS) as serving:
        tab = replace(Tab(serving.address), name="late")
    with pytest.raises(ConnectionRefusedError):
        tab.get("queue")
