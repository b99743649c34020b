"""The printed certificate: a page in Chinese with a QR code, and the credential inside the file."""
