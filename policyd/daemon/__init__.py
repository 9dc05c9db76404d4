"""`policyd run`: the long-running reconciler, its drift watch, its event pump, its proofs.

In: a `policyd.config.AgentConfig`, and what builds engines.  Out: a host that agrees with its sources, events, the API.
"""
