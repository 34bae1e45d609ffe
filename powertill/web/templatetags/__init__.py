"""Template tags of the browser side: units, components and charts."""
