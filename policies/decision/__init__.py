"""A delivery decision: its input and output documents, its obligations, and what each reason means."""
