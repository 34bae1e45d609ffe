"""Who people are: staff users and customers."""
