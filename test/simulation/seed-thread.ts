import { parentPort, workerData } from 'node:worker_threads';
import { installVirtualGlobals } from './kernel/virtual-globals.ts';
import { plant } from './planted-bugs.ts';
import type { SimulationResult } from './simulation.ts';

/** What a thread is to do: every `stride`-th seed from `from` up to, but not including, `to`. */
export interface SeedWork {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly jobsMax: number;
  readonly isTraced: boolean;
  readonly plant: string | null;
}

export type FromSeedThread =
  | { readonly line: string }
  | { readonly result: Omit<SimulationResult, 'trace'>; readonly trace: readonly string[] };

const work = workerData as SeedWork;
const port = parentPort;
if (port === null) throw new Error('this is the program of a thread');

const say = (message: FromSeedThread): void => port.postMessage(message);
if (work.plant !== null) plant(work.plant);
// Only now, so that the product is loaded with the bug.
const { simulate } = await import('./simulation.ts');
installVirtualGlobals();
const print = work.isTraced ? (line: string): void => say({ line }) : null;
for (let seed = work.from; seed < work.to; seed += work.stride) {
  const { trace, ...result } = await simulate(seed, { jobsMax: work.jobsMax, print });
  say({ result, trace: result.problem === null ? [] : trace });
}
