"""Decision documents: the input and output of a delivery decision, its obligations, and an explanation of each reason."""
