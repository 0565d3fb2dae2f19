"""An app of the tests' own for real workers: runs whose shards wait until they are told to go on."""
