"""What the operator and the owners run: the exchange command and its demonstration."""
