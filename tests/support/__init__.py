"""What every Python test shares: a RESP client, a server fixture, redis-cli's quoting."""
