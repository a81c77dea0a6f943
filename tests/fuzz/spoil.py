"""Text files spoiled as people, programs and disks spoil them, and as nobody would."""

import json
import random
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, Final

WORDS: Final = (
    *("", " ", "1 2 3", "0 0 0", "9" * 30, "x" * 200_000, "\ufeff", "\u202e", "\x85", "\u2028", '"open'),
    *(
        [
            "-",
            "n/a",
            "nan",
            "inf",
            "-inf",
            "-1",
            "0",
            "1",
            "1,5",
            "1e400",
            "1_0",
            "word",
            "é",
            "日本",
            "'",
            '"',
            "a;b",
            "a,b",
            "../../x",
            "/etc/passwd",
            "sub-01",
        ]
    ),
    *(["Include", "TRUE", "None", "=1+1", "a=b", "%", "{", "\\", "RPI", "..", ".", "a/b", "a\\b"]),
)
DEEP: Final = 100_000


def spoil(name: str, content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Give another content for a file of this name, and say what was done."""
    kind = PurePath(name).suffix
    by_kind: dict[str, tuple[Spoiler, ...]] = {".tsv": _TABLES, ".json": _JSON, ".toml": _TOML}
    ways = (*by_kind.get(kind, _YAML), *_ANY) if rng.random() < 0.3 else by_kind.get(kind, _YAML)
    way = rng.choice(ways)
    spoiled = way(content, rng)
    if rng.random() < 0.1:
        spoiled = rng.choice(ways)(spoiled, rng)
    return spoiled, way.__name__.strip("_")


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _bytes(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.randbytes(rng.randrange(1, 9)) + content[at + rng.randrange(4) :]


def _encoded(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("utf-8", "replace") + rng.choice(["", "é"])
    return text.encode(rng.choice(["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"]), "replace")


def _lines(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    what = rng.randrange(4)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines.insert(at, lines[other])
    elif what == 2:
        lines[at], lines[other] = lines[other], lines[at]
    return rng.choice([b"\n", b"\r\n", b"\r", b"\n\n"]).join(lines)


def _no_text(_: bytes, rng: random.Random) -> bytes:
    return rng.choice(
        [
            b"",
            b"\n",
            b"\x00" * 64,
            b"PK\x03\x04" + bytes(40),
            b"\x1f\x8b\x08\x00",
            b"\xff\xfe",
            b"null",
            b"[]",
            b"{}",
            b"0",
        ]
    )


def _cell(content: bytes, rng: random.Random) -> bytes:
    rows = _rows(content)
    row = rng.choice(rows)
    row[rng.randrange(len(row))] = rng.choice(WORDS)
    return _table(rows)


def _column(content: bytes, rng: random.Random) -> bytes:
    rows = _rows(content)
    at, word, what = rng.randrange(len(rows[0])), rng.choice(WORDS), rng.randrange(5)
    for row in (one for one in rows if len(one) > at):
        if what == 0:
            del row[at]
        elif what == 1:
            row.append(row[at])
        elif row is not rows[0] or what == 4:
            row[at] = word if what != 3 else row[rng.randrange(len(row))]
    return _table(rows)


def _lengths(content: bytes, rng: random.Random) -> bytes:
    rows = _rows(content)
    for row in rng.sample(rows, min(len(rows), rng.randrange(1, 3))):
        if rng.random() < 0.7:
            del row[rng.randrange(len(row)) :]
        else:
            row.append(rng.choice(WORDS))
    return _table(rows)


def _separators(content: bytes, rng: random.Random) -> bytes:
    return content.replace(b"\t", rng.choice([b",", b";", b" ", b"\t\t", b'"\t"']))


def _value(content: bytes, rng: random.Random) -> bytes:
    """Put something else for one value of JSON, at whatever depth."""
    try:
        whole = [json.loads(content)]
    except (ValueError, RecursionError):  # spoiled twice
        return _cut(content, rng)
    place: Any = whole
    key: Any = 0
    while isinstance(place[key], dict | list) and place[key] and rng.random() < 0.85:
        place = place[key]
        key = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
    if isinstance(place, dict) and rng.random() < 0.3:
        value = place.pop(key)
        if rng.random() < 0.5:
            place[rng.choice(WORDS)] = value
    else:
        place[key] = _odd(place[key], rng)
    text = json.dumps(whole[0], ensure_ascii=rng.random() < 0.5)
    text = text.replace('"<deep>"', "[" * DEEP + "]" * DEEP).replace('"<fairly deep>"', "[" * 90 + "]" * 90)
    return text.replace('"<huge>"', "9" * 5000).replace('"<large>"', "1e400").encode("utf-8", "surrogatepass")


def _odd(value: Any, rng: random.Random) -> Any:  # noqa: ANN401 - whatever JSON holds
    odd = [float("nan"), float("inf"), -1, 0, 1.5, 2**70, None, [], {}, [value], {"a": value}, True, [[1]], str(value)]
    odd += ["\ud800", "\x00", "<deep>", "<fairly deep>", "<huge>", "<large>", rng.choice(WORDS), rng.choice(WORDS)]
    return rng.choice(odd)


def _right_side(content: bytes, rng: random.Random) -> bytes:
    """Put something else behind a `=` of TOML."""
    lines = content.decode().split("\n")
    at = rng.choice([number for number, line in enumerate(lines) if "=" in line] or [0])
    odd = [
        "nan",
        "inf",
        "-1",
        "0",
        "1.5",
        '""',
        '"x"',
        "[]",
        "{}",
        "true",
        "[1, 'a']",
        "1e400",
        "[[1]]",
        "1979-05-27",
        "[nan]",
    ]
    odd += [
        '"\\u0000"',
        '["{image}{rater}{x}"]',
        '["("]',
        '"("',
        "9" * 30,
        "[" * DEEP,
        '"../x"',
        '["' + "x" * 200_000 + '"]',
    ]
    lines[at] = lines[at].partition("=")[0] + "= " + rng.choice(odd)
    return "\n".join(lines).encode()


def _entry(content: bytes, rng: random.Random) -> bytes:
    """Put something else for a word of YAML."""
    lines = content.decode("utf-8", "replace").split("\n")
    at = rng.randrange(len(lines))
    odd = [
        "- [",
        "a: b: c",
        "- *x",
        "- &x 1",
        "? [1]",
        "- !!python/object:os.system x",
        "-",
        "- {a: }",
        "[" * 2000,
        "- .nan",
        "- " + "x" * 200_000,
    ]
    lines[at] = rng.choice(
        [*odd, *(f"- {word}" for word in WORDS if len(word) < 99), "\t- x", "- 'open", "%TAG", "---"]
    )
    return "\n".join(lines).encode()


def _rows(content: bytes) -> list[list[str]]:
    rows = [line.split("\t") for line in content.decode("utf-8", "replace").split("\n") if line]
    return rows or [[""]]


def _table(rows: list[list[str]]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()


Spoiler = Callable[[bytes, random.Random], bytes]
_ANY: Final[tuple[Spoiler, ...]] = (_cut, _bytes, _encoded, _lines, _no_text)
_TABLES: Final[tuple[Spoiler, ...]] = (_cell, _cell, _cell, _column, _column, _lengths, _separators)
_JSON: Final[tuple[Spoiler, ...]] = (_value,)
_TOML: Final[tuple[Spoiler, ...]] = (_right_side, _right_side, _lines)
_YAML: Final[tuple[Spoiler, ...]] = (_entry, _entry, _lines)
