"""Re-ranking as published, every pair anew, beside this project's pipeline on the same photos."""
