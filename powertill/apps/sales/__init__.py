"""Money in, credit out: quotes, sales and the delivery of credit to meters."""
