"""What commands share: their options, what they print, and the documents and filters that they read."""
