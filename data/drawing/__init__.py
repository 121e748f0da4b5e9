"""The parts of the drawn city: its plan, its textures, its light, and the camera that sees them."""
