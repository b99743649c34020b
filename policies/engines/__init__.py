"""Policy engines: embedded regorus and an OPA server, their cache and circuit breaker, and the check that Rego is portable."""
