"""The demonstration `exchange demo`: the main job from beginning to end, on a real server and through the API only."""
