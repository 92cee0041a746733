"""What every section of the benchmarks uses: servers, load, results and their presentation."""
