"""The code that tests of several packages share."""
