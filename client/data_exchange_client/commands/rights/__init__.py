"""Commands about the registration of rights."""
