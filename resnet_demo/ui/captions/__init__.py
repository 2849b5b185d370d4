"""Sentences that read a result out: from its numbers to messages. Which sentence is said is decided here, once."""
