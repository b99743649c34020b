"""Orders: from the place that a buyer takes to the settled contract; two sides, one table of steps."""
