"""What a network is, and where its weights come from."""
