"""Notices: what people are shown before they decide, complete as the law demands, and never changed."""
