"""Questions to the network, one kind in each module. All that is waited for or read is bounded."""
