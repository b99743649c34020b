"""Technical parts that several packages need and no domain owns: durable files, batching, loading. Standard library only."""
