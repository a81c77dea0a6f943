"""Who may ask: only a page of this very server, at an address that holds its token."""

import hmac
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from typing import Final

from nnunet_ext.correction.answer import NotServedError

_OWN_SITES: Final = frozenset({"same-origin", "none"})  # `none`: an address that a person typed or opened


@dataclass(frozen=True)
class Guard:
    """What a request must bring.

    Parameters
    ----------
    token
        That the address begins with; nobody can guess it.
    hosts
        Names and ports under which this server is asked, in small letters: a page elsewhere whose own name was made to
        point here (DNS rebinding) asks under that name.
    """

    token: str
    hosts: frozenset[str]

    def admit(self, target: str, headers: Message) -> str:
        """Give what an address says behind the token.

        Parameters
        ----------
        target
            Path and query of the request, as they were sent.
        headers
            Of the request.

        Raises
        ------
        NotServedError
            403, where the request is not of this server's page.
        """
        hosts = headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].strip().lower() not in self.hosts:
            raise _forbidden("asked under a name that is not this server's")
        start, _, rest = target.partition("/")
        token, slash, behind = rest.partition("/")
        known = hmac.compare_digest(token.encode("utf-8", errors="replace"), self.token.encode("utf-8"))
        if start or not slash or not known:
            raise _forbidden("the address lacks this server's token; open the one that it printed")
        origins = headers.get_all("Origin", [])
        if any(origin.strip().lower() != f"http://{hosts[0].strip().lower()}" for origin in origins):
            raise _forbidden("asked by a page of another origin")
        if any(site.strip().lower() not in _OWN_SITES for site in headers.get_all("Sec-Fetch-Site", [])):
            raise _forbidden("asked by a page of another site")
        return behind


def hosts_of(port: int, host: str) -> frozenset[str]:
    """Name what a browser calls a server on this port: the loopback names, and the one that was asked for."""
    names = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
    return frozenset(
        {f"{name.lower()}:{port}" for name in names} | ({name.lower() for name in names} if port == 80 else set())
    )


def _forbidden(words: str) -> NotServedError:
    return NotServedError(HTTPStatus.FORBIDDEN, words)
