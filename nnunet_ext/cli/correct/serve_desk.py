"""A desk in the browser, until the rater ends it."""

import os
import sys
import webbrowser
from collections.abc import Callable
from threading import Thread
from typing import Final

from nnunet_ext.cli.correct.desk_options import DeskOptions
from nnunet_ext.core.tables import NOTHING, number, read_table
from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.effort_table import EFFORT_TABLE
from nnunet_ext.correction.marks_table import decided
from nnunet_ext.correction.server import Serving, Why, serve
from nnunet_ext.report.desk.assets import desk_assets

_DISPLAYS: Final = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
_ENDED: Final[dict[Why, str]] = {
    "done": "all is done",
    "idle": "ended, as nobody used it",
    "stopped": "ended",
}


def serve_desk(
    desk: Desk, how: DeskOptions, following: Callable[[int], str], *, verb: str, allow: Callable[[], object] = bool
) -> int:
    """Serve it until Ctrl-C, until nobody has used it for long, or until the page says that all is done.

    Parameters
    ----------
    desk
        Whose cases.
    how
        Where.
    following
        Gives the command to type when it has ended, once it hears how many cases are saved.
    verb
        As the user typed it, for warnings.
    allow
        Raises before a save where the masks may not be written any more.

    Returns
    -------
    int
        0: all that was drawn is saved, or kept as a draft.

    Raises
    ------
    EnvironmentProblemError
        See `serve`.
    """
    if not how.loopback:
        print(
            f"nnunet_ext {verb}: warning: other machines can ask {how.host}: whoever learns the address below sees the "
            "images and can change the masks, and what is sent is not encrypted",
            file=sys.stderr,
        )
    idle = how.idle_minutes * 60
    with serve(desk, desk_assets(), how.port, host=how.host, idle_seconds=idle, allow=allow) as serving:
        try:
            _announce(desk, how, serving)
            why = serving.wait()
        except KeyboardInterrupt:
            why = serving.stop()
    saved = len(_saved(desk))
    told = f"{_ENDED[why]}: {saved} of {len(desk.cases)} cases are saved, {_minutes(desk):.1f} minutes; {desk.place}"
    print(f"\n{told}; next: {following(saved)}", flush=True)
    return 0


def _announce(desk: Desk, how: DeskOptions, serving: Serving) -> None:
    saved = len(_saved(desk))
    print(f"{desk.title}: {len(desk.cases)} cases, {saved} of them saved before", flush=True)
    print(f"address    {serving.address}", flush=True)
    print("end        with Ctrl-C here, or on the page; what was drawn is kept", flush=True)
    if not how.browser:
        return
    if sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in _DISPLAYS):
        # Apart, as a browser that runs in the terminal would hold everything up.
        Thread(target=_open, args=(serving.address,), daemon=True).start()
    else:
        port = serving.address.split("/")[2].rpartition(":")[2]
        print(
            f"no display here: open the address in a browser of this machine; from yours, first: "
            f"ssh -L {port}:127.0.0.1:{port} THIS-MACHINE",
            flush=True,
        )


def _open(address: str) -> None:
    try:
        webbrowser.open(address)
    except (webbrowser.Error, OSError):  # the address was printed
        return


def _saved(desk: Desk) -> set[str]:
    return {case.name for case in desk.cases} & decided(desk).keys()


def _minutes(desk: Desk) -> float:
    """Add up what the rater's cases took, of all sittings."""
    table, names = desk.place / EFFORT_TABLE, {case.name for case in desk.cases}
    rows = read_table(table, ["case", "rater", "seconds"]) if table.is_file() else []
    own = [row for row in rows if row["rater"] == (desk.rater or NOTHING) and row["case"] in names]
    return sum(number(row["seconds"]) or 0 for row in own) / 60
