"""The command `exchange-client`, also as `python -m client`."""

from ledger.loading import undisturbed

with undisturbed():
    from client.cli import main

if __name__ == "__main__":
    main()
