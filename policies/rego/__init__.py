"""The delivery policy in Rego, as a bundle named by its content and signed for OPA servers."""
