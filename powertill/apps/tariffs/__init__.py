"""What energy costs: versioned price plans; a published version never changes."""
