"""The agent's configuration: a document of `kind: Agent`, or the options of `policyd run`, as frozen models."""
