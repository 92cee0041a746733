"""One module a section. A section has

 - SERVERS: which of redis, memcached and tarn it measures,
 - MAX_ROUNDS: how many rounds are worth their time,
 - measure(name, context): visits one server once, returns {metric: number},
 - report(data): a Report made of the samples alone.
"""
