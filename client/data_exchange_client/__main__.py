"""The command `exchange-client`, also as `python -m data_exchange_client`."""

from groundwork.loading import undisturbed

with undisturbed():
    from data_exchange_client.commands.main import main

if __name__ == "__main__":
    main()
