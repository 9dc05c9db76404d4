"""Expressions as text become trees: what comes in is one scalar of a policy, what goes out knows each part's column."""
