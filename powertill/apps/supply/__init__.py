"""Whether the light may burn: policies, wanted and seen relay state, and the orders between them."""
