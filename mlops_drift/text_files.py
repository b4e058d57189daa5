"""Text files as people save them."""

from pathlib import Path


def read_text(file: Path) -> str:
    """The text of a file in UTF-8, with or without a byte-order mark.

    Raises:
        ValueError: if it is no such text; the message names the file and the line.
    """
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{file}: line {line} is not in UTF-8; save the file in that encoding"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
