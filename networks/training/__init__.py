"""What every training shares: the loop, its checkpoints, its log and plot, learning rates, model cards."""
