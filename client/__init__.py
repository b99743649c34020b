"""What a consuming system installs: signing, fetching, verifying."""
