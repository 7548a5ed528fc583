"""The command `lscb`, which hears signals before it imports anything that takes time."""

from lscb_analysis.signals import hear


def main() -> None:
    """Run the command."""
    hear()
    from lscb_analysis.cli import main as command

    command()


if __name__ == "__main__":
    main()
