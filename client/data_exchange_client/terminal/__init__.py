"""Parts that commands share: their options, their output, and the documents and filters that they read."""
