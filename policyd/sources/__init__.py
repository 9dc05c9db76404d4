"""Where the agent's policies come from: folders and git repositories, each a set with its own scope of pruning.

`source.py` says what a source is; `directory.py` and `git.py` are the kinds; `gate.py` parses in a limited child process.
The agent asks `fetch`, and is told by `watch` that asking again may be worth it.
"""
