"""Sources of data: one folder for each kind, behind one contract."""
