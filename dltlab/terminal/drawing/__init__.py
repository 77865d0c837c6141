"""Pure drawing: arrays and records in, lines of inked text out. No Textual, no state, no clock."""
