"""What goes to the terminal: only cells that differ, only as fast as they arrive, and an orderly leave."""
