"""Developer's tools: nothing here is needed to run or test the product."""
