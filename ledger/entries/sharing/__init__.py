"""Data between organisations: applications, agreements with their disputes, corrections."""
