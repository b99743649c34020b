"""What a consuming system installs: signing, fetching, verifying.

    key = SigningKey.load("system.key")
    with Client("https://exchange.example", key, trust="exchange.trust.json") as client:
        delivery = client.fetch("demo-education/degrees", purpose="talent-service", limit=10)
        for row in delivery.rows():
            ...
        client.receipt(delivery.entry).save("receipts")

Needs neither the server's libraries nor a database; pyarrow and pandas only where they are asked for.
"""

from client.api import Client as Client
from client.connection import Answer as Answer
from client.delivery import Delivery as Delivery
from client.errors import (
    DeliveryAborted as DeliveryAborted,
)
from client.errors import (
    ExchangeError as ExchangeError,
)
from client.errors import (
    ExchangeProblem as ExchangeProblem,
)
from client.errors import (
    KeyFileError as KeyFileError,
)
from client.errors import (
    ReceiptInvalid as ReceiptInvalid,
)
from client.errors import (
    ResponseUntrusted as ResponseUntrusted,
)
from client.errors import (
    TrustError as TrustError,
)
from client.evidence import Evidence as Evidence
from client.keys import SigningKey as SigningKey
from client.receipts import Receipt as Receipt
from client.signing import SignedAuth as SignedAuth
from client.trust import Trust as Trust
