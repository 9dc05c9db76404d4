"""The policy language as tables of frozen rows: what a policy may say, and what each word means to kernel and reader."""
