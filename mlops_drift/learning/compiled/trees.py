"""LightGBM's trees through the C functions of its library, without its Python package."""

import ctypes
import sys
from array import array
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import local

_FLOAT64, _NORMAL, _FIRST, _ALL = 1, 0, 0, -1
_ONE_THREAD = b"num_threads=1"
_ENDING = {"darwin": ".dylib", "win32": ".dll"}


class TreesError(Exception):
    """The library cannot be used, or rejects what it is given."""


class Trees:
    """A model of LightGBM, read from its text.

    It may be used from several threads at once: each gets a handle for single rows of its own.

    Attributes:
        width: columns of the matrix.
        outputs: numbers that are predicted for a row.
    """

    def __init__(self, text: str) -> None:
        self._library = _library()
        self._handle, iterations = ctypes.c_void_p(), ctypes.c_int()
        self._call(
            "LGBM_BoosterLoadModelFromString",
            *(text.encode(), ctypes.byref(iterations), ctypes.byref(self._handle)),
        )
        self.width = self._number("LGBM_BoosterGetNumFeature")
        self.outputs = self._number("LGBM_BoosterGetNumClasses")
        self._own = local()

    def __del__(self) -> None:
        if handle := getattr(self, "_handle", None):
            self._library.LGBM_BoosterFree(handle)

    def one(self, row: "array[float]") -> list[float]:
        """What is predicted for a row of the matrix."""
        try:
            single: _SingleRow = self._own.single
        except AttributeError:
            single = self._own.single = _SingleRow(self._library, self._handle, self)
        return single.predict(row)

    def many(self, address: int, rows: int, *, by_row: bool) -> "array[float]":
        """What is predicted for a matrix of doubles in memory, row after row.

        It lies there row by row, or column by column.
        """
        found = array("d", bytes(8 * rows * self.outputs))
        length = ctypes.c_int64()
        self._call(
            "LGBM_BoosterPredictForMat",
            *(self._handle, ctypes.c_void_p(address), _FLOAT64),
            *(ctypes.c_int32(rows), ctypes.c_int32(self.width), int(by_row)),
            *(_NORMAL, _FIRST, _ALL, _ONE_THREAD, ctypes.byref(length)),
            ctypes.cast(found.buffer_info()[0], ctypes.POINTER(ctypes.c_double)),
        )
        return found

    def _number(self, function: str) -> int:
        found = ctypes.c_int()
        self._call(function, self._handle, ctypes.byref(found))
        return found.value

    def _call(self, function: str, *arguments: object) -> None:
        if getattr(self._library, function)(*arguments):
            raise _rejected(self._library)


class _SingleRow:
    """What LightGBM has prepared for single rows, in one thread."""

    def __init__(self, library: ctypes.CDLL, trees: ctypes.c_void_p, sizes: Trees) -> None:
        self._library, self._bytes = library, 8 * sizes.width
        self._handle = ctypes.c_void_p()
        if library.LGBM_BoosterPredictForMatSingleRowFastInit(
            *(trees, _NORMAL, _FIRST, _ALL, _FLOAT64, ctypes.c_int32(sizes.width)),
            *(_ONE_THREAD, ctypes.byref(self._handle)),
        ):
            raise _rejected(library)
        self._row = (ctypes.c_double * sizes.width)()
        self._out = (ctypes.c_double * sizes.outputs)()
        self._length = ctypes.byref(ctypes.c_int64())

    def predict(self, row: "array[float]") -> list[float]:
        ctypes.memmove(self._row, row.buffer_info()[0], self._bytes)
        predict = self._library.LGBM_BoosterPredictForMatSingleRowFast
        if predict(self._handle, self._row, self._length, self._out):
            raise _rejected(self._library)
        return list(self._out)

    def __del__(self) -> None:
        self._library.LGBM_FastConfigFree(self._handle)


def _rejected(library: ctypes.CDLL) -> TreesError:
    return TreesError(library.LGBM_GetLastError().decode(errors="replace"))


@cache
def _library() -> ctypes.CDLL:
    """The library beside LightGBM's Python package, which is not imported."""
    package = find_spec("lightgbm")
    if package is None or package.origin is None:
        raise TreesError("lightgbm is not installed: pip install lightgbm")
    file = Path(package.origin).parent / "lib" / f"lib_lightgbm{_ENDING.get(sys.platform, '.so')}"
    try:
        library = ctypes.cdll.LoadLibrary(str(file))
    except OSError as error:
        raise TreesError(f"the library of lightgbm cannot be loaded: {error}") from error
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library
