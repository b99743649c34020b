"""What is allowed: roles (Casbin), the delivery policy (Rego), the engines that evaluate it."""
