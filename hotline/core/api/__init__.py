"""The REST API's common ground: who calls, how requests are read, how refusals are told."""
