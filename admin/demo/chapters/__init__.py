"""The chapters of the demonstration, each a function that plays it on the stage and tells it."""
