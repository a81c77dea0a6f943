"""Naming people to a machine without naming them."""

import hashlib


def person_digest(person: str) -> str:
    """Give the SHA-256 of a person's name, `dataset/subject`, in hexadecimal digits.

    A classifier that is shared names those who trained it so, and nothing else, so that they are known again where they
    are tested. Who has a list of all names can tell who is among them: it is no secret, only no list of names.
    """
    return hashlib.sha256(person.encode("utf-8")).hexdigest()
