"""What was measured as pictures and files for other tools: flame graphs, folded stacks, profiles, pages."""
