"""The command `exchange`: one file for each group of commands."""
