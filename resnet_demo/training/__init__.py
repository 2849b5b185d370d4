"""How a network is trained, and what is written down about it."""
