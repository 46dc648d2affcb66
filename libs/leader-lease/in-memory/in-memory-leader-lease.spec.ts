import { leaderLeaseContract } from '../leader-lease.contract.ts';
import { InMemoryLeaderLease } from './in-memory-leader-lease.ts';

leaderLeaseContract(async () => {
  const lease = new InMemoryLeaderLease();
  return { candidate: async () => lease, close: async () => {} };
});
