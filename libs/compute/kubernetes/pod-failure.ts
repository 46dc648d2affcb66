import type { Reason } from '#libs/domain/job/job.events.ts';

/** The end of a pod that was not told to end, as far as its worker is concerned. */
export interface PodFailure {
  readonly state: 'failed';
  readonly reason: Reason;
  /**
   * `disrupted`: the cluster needed the node, which is nobody's fault and costs the worker nothing.
   * `failed`: it counts. `final`: another pod would fail for the same reason.
   */
  readonly verdict: 'disrupted' | 'failed' | 'final';
}
