"""What operators run: the command `exchange`, and the demonstration it can give."""
