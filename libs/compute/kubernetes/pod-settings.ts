import type { Runners } from '../runners.ts';

/** What all pods of this installation have in common. */
export interface PodSettings {
  /** Marks what is this installation's in a namespace that others may use too. */
  readonly installation: string;
  /** Image of the platform: the worker, the runners of function handlers, the fetching of code. */
  readonly image: string;
  /** Requests of the worker's own container. */
  readonly cpuRequest: string;
  readonly memRequest: string;
  /** `null`: no limit. */
  readonly memLimit: string | null;
  readonly serviceAccount: string;
  /** Environment of our own containers. */
  readonly env: Readonly<Record<string, string>>;
  /** Commands in `image`. */
  readonly commands: PodCommands;
}

export interface PodCommands {
  readonly worker: readonly string[];
  readonly fetchCode: readonly string[];
  readonly runners: Runners;
}
