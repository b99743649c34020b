"""An exchange's configuration on this machine: its settings file, what it was served with, and who acts on it now."""
