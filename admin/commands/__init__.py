"""The command `exchange`, one file for each of its commands. `main` lists them; a command's module loads when it is run."""
