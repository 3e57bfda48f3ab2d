"""One request to one host: how it is sent, sent again, and what its answer means."""
