"""Policy engines: embedded regorus and an OPA server, with the decision cache and the circuit breaker."""
