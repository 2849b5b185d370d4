"""What runs in the background of a visit: trainings and experiments."""
