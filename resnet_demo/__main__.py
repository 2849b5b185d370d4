"""`python -m resnet_demo` is `resnet-demo`."""

from .cli import main

main()
