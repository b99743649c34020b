"""The demonstration: the main job told from beginning to end, on real parts and through the API only."""
