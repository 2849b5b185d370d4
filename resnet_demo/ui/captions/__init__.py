"""Captions: functions from numbers to the messages that read them out, the same for all languages."""
