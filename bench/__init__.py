"""What a case costs on real servers: history events and throughput beside a workflow that only writes; HTTP doors."""
