"""Background jobs: work that follows from an act, enqueued in the act's transaction and done once, soon after its commit.

The queue is pgqueuer's, in the schema `jobs` of the same database. A job's payload has identifiers only, never anything about
a person. A handler changes rows in one session; its commit also takes the job off the queue, so its effect happens once,
whoever is killed. A job that fails is tried again with growing pauses, and after some attempts held until an operator
retries or discards it.
"""
