"""What people were told: one message per topic, person and channel, with the proof of delivery."""
