"""`python -m resnet_demo` is `resnet-demo`."""

from . import stopping


def main() -> None:
    """The entry point `resnet-demo`."""
    stopping.prepare()  # before anything else is loaded
    from . import cli

    cli.main()


if __name__ == "__main__":
    main()
