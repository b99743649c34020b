"""The server process: serving, limits on connections, and reaching a running server."""
