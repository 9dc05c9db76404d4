"""What `policyd run` was told: a document of `kind: Agent`, or the words of a command line, as frozen models.

`model.py` is what comes out; `load.py` reads a file with every problem at its place, `options.py` the command line.
`words.py` are the kinds of text in it, `reading.py` turns nodes into models, `sense.py` checks what no key can say alone.
Nothing is imported here: asking for a default path must cost nothing.
"""
