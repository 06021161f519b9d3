"""The command: `python -m pytyto detect photo.jpg -t "a cat"`."""

from __future__ import annotations

import os
import sys

from ._tyto import ffi, lib


def main() -> int:
    """Runs the command with this process's arguments; gives its exit status."""
    arguments = [ffi.new("char[]", os.fsencode(word)) for word in ["tyto", *sys.argv[1:]]]
    sys.stdout.flush()
    return int(lib.tyto_command(len(arguments), ffi.new("char *[]", [*arguments, ffi.NULL])))


if __name__ == "__main__":
    sys.exit(main())
