"""The cases that were opened last, kept in memory."""

from collections import OrderedDict
from threading import Lock

from nnunet_ext.correction.desk import Desk
from nnunet_ext.correction.desk_case import DeskCase
from nnunet_ext.correction.open_case import OpenCase, open_case

_KEPT = 2  # that of a tab, and that of another or the next


class OpenCases:
    """Reads a case once, however many requests need it; a few of them stay.

    Parameters
    ----------
    desk
        Whose.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = Lock()
        self._kept: OrderedDict[int, OpenCase] = OrderedDict()

    def get(self, case: DeskCase) -> OpenCase:
        """Give a case.

        Raises
        ------
        FileRefusedError
            As `open_case` does.
        """
        with self._lock:
            if case.number not in self._kept:
                while len(self._kept) >= _KEPT:
                    self._kept.popitem(last=False)
                self._kept[case.number] = open_case(self._desk, case)
            self._kept.move_to_end(case.number)
            return self._kept[case.number]

    def renew(self, case: DeskCase) -> OpenCase:
        """Read a case again where its image or its masks changed since, and give it."""
        with self._lock:
            self._kept.pop(case.number, None)
        return self.get(case)
