"""Photos, positions and datasets: what is on disk, and the drawn city."""
