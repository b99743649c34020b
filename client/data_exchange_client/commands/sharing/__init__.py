"""Commands about data between organisations: applications, agreements, corrections, disputes."""
