import { gen, integer, sample } from 'fast-check';
import { type Draw, type JobKind, KINDS, type Peculiarities } from './job-kinds.ts';

/** How much chaos; `--jobs` and `--batches` make it smaller while one looks for something. */
export interface ChaosSize {
  readonly jobCount: number;
  readonly batchCount: number;
}

export const FULL_SIZE: ChaosSize = { jobCount: 200, batchCount: 200 };

export interface PlannedJob extends Peculiarities {
  /** Also its `Idempotency-Key`. */
  readonly name: string;
  readonly kind: JobKind;
  readonly workers: number;
  readonly batchCount: number;
}

export const TARGETS = [
  'gateway',
  'enqueuer',
  'scheduler',
  'standby-scheduler',
  'status-projector',
  'nats-server',
  'worker',
  'handler',
] as const;
export type Target = (typeof TARGETS)[number];

/** One thing that is done to one process. */
export interface PlannedFault {
  readonly target: Target;
  /** Which of several workers or handlers: the remainder by how many there are. */
  readonly pick: number;
  /** SIGKILL, or SIGSTOP and after so long SIGCONT. */
  readonly pauseMs: number | null;
  /** It waits until so many jobs have ended, then for `delayMs`. */
  readonly afterEndedCount: number;
  readonly delayMs: number;
}

/** Everything that chance decides about a run: the same seed gives the same plan. */
export interface ChaosPlan {
  readonly seed: number;
  readonly jobs: readonly PlannedJob[];
  readonly faults: readonly PlannedFault[];
}

const KILLS: Readonly<Record<Target, number>> = {
  gateway: 3,
  enqueuer: 3,
  scheduler: 2,
  'standby-scheduler': 1,
  'status-projector': 3,
  'nats-server': 3,
  worker: 12,
  handler: 6,
};
const PAUSES: Readonly<Record<Target, number>> = {
  gateway: 1,
  enqueuer: 1,
  scheduler: 1,
  'standby-scheduler': 1,
  'status-projector': 1,
  'nats-server': 1,
  worker: 5,
  handler: 1,
};
/** Up to twice the leases of `ChaosPlatform`, so that some pauses cost a process what it holds. */
const PAUSE_MS = { min: 50, max: 3000 };
const DELAY_MS_MAX = 400;
/** No fault waits for the last jobs: the end has to come with nobody's help. */
const FAULTS_UNTIL = 0.92;

export function planOf(seed: number, size: ChaosSize = FULL_SIZE): ChaosPlan {
  const plans = gen().map((generate) => {
    const draw: Draw = (min, max) => generate(integer, { min, max });
    return { seed, jobs: plannedJobs(draw, size), faults: plannedFaults(draw, size) };
  });
  const [plan] = sample(plans, { seed, numRuns: 1, unbiased: true });
  if (plan === undefined) throw new Error('no plan was drawn');
  return plan;
}

function plannedJobs(draw: Draw, { jobCount, batchCount }: ChaosSize): readonly PlannedJob[] {
  return shuffled(draw, kindsOf(jobCount)).map((kind, place) => ({
    name: `job-${String(place).padStart(3, '0')}-${kind}`,
    kind,
    workers: draw(1, 16) === 1 ? 2 : 1,
    batchCount,
    marks: new Map(),
    receiveCountMax: null,
    timeoutS: null,
    stop: null,
    ...KINDS[kind].draw(draw, batchCount),
  }));
}

/** Each kind in its share of 100, at least once; the rest succeeds. */
function kindsOf(jobCount: number): readonly JobKind[] {
  const kinds = (Object.keys(KINDS) as JobKind[]).flatMap((kind) =>
    Array.from({ length: Math.ceil((jobCount * KINDS[kind].percent) / 100) }, () => kind),
  );
  return Array.from({ length: jobCount }, (_, place) => kinds[place] ?? 'plain');
}

function plannedFaults(draw: Draw, { jobCount }: ChaosSize): readonly PlannedFault[] {
  const faults = TARGETS.flatMap((target) => [
    ...Array.from({ length: KILLS[target] }, () => ({ target, isPause: false })),
    ...Array.from({ length: PAUSES[target] }, () => ({ target, isPause: true })),
  ]);
  return faults
    .map(({ target, isPause }) => ({
      target,
      pick: draw(0, 1000),
      pauseMs: isPause ? draw(PAUSE_MS.min, PAUSE_MS.max) : null,
      afterEndedCount: draw(0, Math.floor(jobCount * FAULTS_UNTIL)),
      delayMs: draw(0, DELAY_MS_MAX),
    }))
    .toSorted((a, b) => a.afterEndedCount - b.afterEndedCount);
}

function shuffled<T>(draw: Draw, values: readonly T[]): readonly T[] {
  return values
    .map((value) => ({ value, rank: draw(0, 2 ** 30) }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}
