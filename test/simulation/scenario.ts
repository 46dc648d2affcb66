import type { Draw } from './kernel/draw.ts';

/** Longer than any lease. */
const HANDLER_MS_MAX = 12_000;
/** Of all batches of a job together: a job that just takes long is not one that hangs. */
const WORK_MS_MAX = 60_000;

/** How often the way between a process and a server goes wrong, per call. */
export interface WireFaults {
  /** The call never arrives, and fails. */
  readonly lost: number;
  /** The call takes effect, and fails. */
  readonly unanswered: number;
  /** The call arrives twice. */
  readonly repeated: number;
  readonly slow: number;
}

/** Mean time between faults of a kind, in milliseconds; `null` where there are none. */
export interface ProcessFaults {
  readonly crash: number | null;
  readonly restart: number | null;
  readonly pause: number | null;
  readonly clockJump: number | null;
  readonly workerCrash: number | null;
  readonly workerPause: number | null;
  readonly handlerCrash: number | null;
}

export interface HandlerPlan {
  readonly minMs: number;
  readonly maxMs: number;
  /** Chances per call. */
  readonly failing: number;
  readonly dying: number;
  readonly hookFailing: number;
  /** A handler without `/on-job-complete`. */
  readonly hasNoHook: boolean;
  /** Chance that it dies before it is ready. */
  readonly failingStart: number;
}

export interface JobPlan {
  /** Stands in its `config`, so that the job is known in the log. */
  readonly number: number;
  readonly itemCount: number;
  readonly batchSizeItems: number;
  readonly workers: number;
  readonly timeoutMs: number | null;
  readonly receiveCountMax: number | null;
  readonly submitAtMs: number;
  readonly stopAtMs: number | null;
  readonly handler: HandlerPlan;
}

export interface Scenario {
  readonly seed: number;
  readonly jobs: readonly JobPlan[];
  readonly schedulers: number;
  readonly enqueuers: number;
  readonly leaseMs: number;
  readonly leaderTtlMs: number;
  readonly graceMs: number;
  readonly workersMax: number;
  readonly latencyMsMax: number;
  /** From then on nothing goes wrong any more. */
  readonly faultsEndMs: number;
  readonly wire: WireFaults;
  readonly process: ProcessFaults;
}

/**
 * Draws what happens under a seed. Which kinds of faults there are at all is drawn first: what one
 * kind brings to light, another often hides.
 */
export function drawScenario(seed: number, draw: Draw, jobsMax: number): Scenario {
  const faultsEndMs = draw.integer(5_000, 30_000);
  const rate = (max: number): number => (draw.chance(0.5) ? draw.between(0, max) : 0);
  const every = (chance: number, minMs: number, maxMs: number): number | null =>
    draw.chance(chance) ? draw.magnitude(minMs, maxMs) : null;
  return {
    seed,
    jobs: Array.from({ length: draw.integer(1, jobsMax) }, (_, number) =>
      drawJob(number, draw, faultsEndMs),
    ),
    schedulers: draw.integer(1, 2),
    enqueuers: draw.integer(1, 2),
    leaseMs: draw.integer(1_000, 8_000),
    leaderTtlMs: draw.integer(1_000, 5_000),
    graceMs: draw.integer(0, 3_000),
    workersMax: draw.integer(1, 5),
    latencyMsMax: draw.magnitude(0.2, 20),
    faultsEndMs,
    wire: { lost: rate(0.06), unanswered: rate(0.08), repeated: rate(0.06), slow: rate(0.04) },
    process: {
      crash: every(0.5, 1_500, 15_000),
      restart: every(0.2, 4_000, 15_000),
      pause: every(0.35, 2_000, 15_000),
      clockJump: every(0.3, 2_000, 15_000),
      workerCrash: every(0.4, 700, 10_000),
      workerPause: every(0.35, 1_000, 10_000),
      handlerCrash: every(0.25, 1_000, 10_000),
    },
  };
}

function drawJob(number: number, draw: Draw, faultsEndMs: number): JobPlan {
  const submitAtMs = draw.between(0, faultsEndMs / 2);
  const minMs = draw.magnitude(0.5, 400);
  const batchSizeItems = draw.integer(1, 3);
  const itemCount = draw.integer(1, draw.chance(0.15) ? 60 : 14);
  const maxMs = minMs * draw.magnitude(1, draw.chance(0.15) ? 60 : 5);
  return {
    number,
    itemCount,
    batchSizeItems,
    workers: draw.integer(1, 3),
    timeoutMs: draw.chance(0.2) ? draw.integer(2, 40) * 1000 : null,
    receiveCountMax: draw.chance(0.35) ? draw.integer(1, 4) : null,
    submitAtMs,
    stopAtMs: draw.chance(0.25) ? submitAtMs + draw.magnitude(1, faultsEndMs) : null,
    handler: {
      minMs,
      maxMs: Math.max(minMs, Math.min(maxMs, HANDLER_MS_MAX, WORK_MS_MAX / itemCount)),
      failing: draw.chance(0.4) ? draw.between(0, 0.4) : 0,
      dying: draw.chance(0.15) ? draw.between(0, 0.15) : 0,
      hookFailing: draw.chance(0.2) ? draw.between(0, 0.6) : 0,
      hasNoHook: draw.chance(0.15),
      failingStart: draw.chance(0.1) ? draw.between(0, 0.6) : 0,
    },
  };
}
