"""What is known of an event after the fact: containers, pods, users.  Bounded caches; a late answer is marked."""
