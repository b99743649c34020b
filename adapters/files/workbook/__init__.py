"""Read workbooks: Excel's of all ages, and OpenDocument sheets."""
