"""The steps of the demonstration: each is a function that runs one in the environment and prints what happened."""
