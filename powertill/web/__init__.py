"""The browser side: console for staff, portal for customers; thin views over queries and flows."""
