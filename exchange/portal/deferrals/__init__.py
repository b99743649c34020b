"""Deferrals: lines of the tracker that appear later, where a law demands it, by two people of the consuming organisation."""
