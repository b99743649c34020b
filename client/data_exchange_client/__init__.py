"""The library of a consuming system: sign requests, fetch data, verify answers and receipts.

    key = SigningKey.load("system.key")
    with Client("https://exchange.example", key, trust="exchange.trust.json") as client:
        delivery = client.fetch("demo-education/degrees", purpose="talent-service", limit=10)
        for row in delivery.rows():
            ...
        client.receipt(delivery.entry).save("receipts")

Needs neither the server's libraries nor a database. Only tables and data frames need pyarrow and pandas.
"""

from data_exchange_client.api import Client as Client
from data_exchange_client.connection import Answer as Answer
from data_exchange_client.delivery import Delivery as Delivery
from data_exchange_client.errors import (
    DeliveryAborted as DeliveryAborted,
)
from data_exchange_client.errors import (
    ExchangeError as ExchangeError,
)
from data_exchange_client.errors import (
    ExchangeProblem as ExchangeProblem,
)
from data_exchange_client.errors import (
    KeyFileError as KeyFileError,
)
from data_exchange_client.errors import (
    ReceiptInvalid as ReceiptInvalid,
)
from data_exchange_client.errors import (
    ResponseUntrusted as ResponseUntrusted,
)
from data_exchange_client.errors import (
    TrustError as TrustError,
)
from data_exchange_client.evidence import Evidence as Evidence
from data_exchange_client.keys import SigningKey as SigningKey
from data_exchange_client.receipts import Receipt as Receipt
from data_exchange_client.signing import SignedAuth as SignedAuth
from data_exchange_client.trust import Trust as Trust
