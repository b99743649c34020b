"""Terms and agreements as ODRL 2.2 policies, written and read without loss."""
