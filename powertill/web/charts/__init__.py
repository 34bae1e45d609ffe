"""Server-drawn charts: frozen values in, safe SVG text out. They print, read aloud and need no JavaScript."""
