"""Whether this project's pipeline ranks as the published way of working does."""
