"""`python -m admin` is the command `exchange`: how one command starts another without looking for it on a path."""

from admin.cli import main

main()
