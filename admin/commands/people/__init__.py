"""Commands about the people in the data: erasure, and legal holds against it."""
