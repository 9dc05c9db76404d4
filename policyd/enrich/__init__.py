"""What is known of an event after the fact: containers, pods, users, names of addresses.  Bounded caches; late is marked."""
