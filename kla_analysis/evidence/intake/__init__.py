"""People's sheets: looked at before they are parsed, read in a cell of its own, every repair written down."""
