"""One customer's story, played on the running product: every line shows what the meter itself answered."""
