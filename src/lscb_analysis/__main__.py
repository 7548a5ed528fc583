"""The command `lscb`, which hears signals before it imports anything that takes time."""

import sys

from lscb_analysis.signals import hear


def main() -> None:
    """Run the command."""
    hear()
    # where it is installed jsonschema builds grammars of web addresses from it, for a second or more of every
    # command that reads a notebook, and none needs them
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from lscb_analysis.cli import main as command

    command()


if __name__ == "__main__":
    main()
