# The server, from the hash-locked requirements. The embedded PostgreSQL is in there too; a container uses a server.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/exchange
COPY requirements/pip.txt requirements/server.txt requirements/
RUN /opt/exchange/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/pip.txt \
    && /opt/exchange/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/server.txt
COPY pyproject.toml README.md LICENSE ./
COPY exchange exchange
COPY policies policies
COPY ledger ledger
COPY signatures signatures
COPY groundwork groundwork
COPY adapters adapters
COPY admin admin
COPY client client
RUN /opt/exchange/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/exchange/bin/python -m pip uninstall -y setuptools pip

FROM python:3.13-slim
# A new volume takes the owner of the directory that it covers.
RUN useradd --uid 10001 --create-home exchange \
    && install -d -m 700 -o exchange -g exchange /var/lib/exchange /var/lib/exchange-anchor \
    && install -d -o exchange -g exchange /policies
COPY --from=build /opt/exchange /opt/exchange
ENV PATH=/opt/exchange/bin:$PATH EXCHANGE_DATA=/var/lib/exchange PYTHONDONTWRITEBYTECODE=1
USER 10001
VOLUME /var/lib/exchange
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD ["exchange", "serve", "--host", "0.0.0.0"]
