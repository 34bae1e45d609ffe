"""Tests of the rules: sentences and examples, no mocks."""
