"""The form of an application: its members, the decision tables that say what can be registered, and the checks."""
