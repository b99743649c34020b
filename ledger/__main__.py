"""The command `ledger`, also as `python -m ledger`."""

from groundwork.loading import undisturbed

with undisturbed():
    from ledger.cli import main

if __name__ == "__main__":
    main()
