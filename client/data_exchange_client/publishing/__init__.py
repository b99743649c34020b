"""Publish from one's own machine: register a source, judge the masks that are proposed, draft, foresee, publish."""
