"""Commands about the people in the data: consents, deletions, their requests, answers about them."""
