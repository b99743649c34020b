"""What-if: what would be decided about a delivery, and what a draft would change."""
