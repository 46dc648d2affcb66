import type { EndStatus } from '#libs/domain/job/job-status-code.ts';

/** Draws whole numbers from `min` to `max`. */
export type Draw = (min: number, max: number) => number;

/** What the handler does with a batch; see `chaos_handler.py`. */
export type Mark = 'hold' | 'fail' | 'fail-once' | 'exit-once' | 'exit' | 'kill-worker';

/** When a job is stopped. */
export interface PlannedStop {
  readonly after: 'submission' | 'start';
  readonly delayMs: number;
}

/** What is special about a job. */
export interface Peculiarities {
  /** What is special about a batch, by its index. */
  readonly marks: ReadonlyMap<number, Mark>;
  readonly receiveCountMax: number | null;
  readonly timeoutS: number | null;
  readonly stop: PlannedStop | null;
}

type Drawn = Partial<Peculiarities>;

/**
 * A hand-out counts also when it came to nothing, as with SQS: the worker had to leave, or a nats-server that
 * came back sent the batch to a worker that was dead already. With two, a batch that is in hand when its worker
 * is killed and then loses one to this would be a dead letter that no mark foretells.
 */
const RECEIVE_COUNT_MIN = 3;

interface Kind {
  /** Of all jobs. What is left of 100 is plain. */
  readonly percent: number;
  readonly status: EndStatus;
  /** Every batch is settled at the end, so that the counts follow from the plan alone. */
  readonly isSettled: boolean;
  readonly draw: (draw: Draw, batchCount: number) => Drawn;
}

const marked = (draw: Draw, batchCount: number, ...marks: readonly Mark[]): Drawn => {
  const drawn = new Map<number, Mark>();
  for (const mark of marks) drawn.set(draw(0, batchCount - 1), mark);
  return { marks: drawn };
};

/** So that the job cannot end by itself. */
const held = (draw: Draw, batchCount: number): Drawn => marked(draw, batchCount, 'hold');

export const KINDS = {
  plain: {
    percent: 0,
    status: 'succeeded',
    isSettled: true,
    draw: () => ({}),
  },
  failing: {
    percent: 10,
    status: 'completed_with_failures',
    isSettled: true,
    draw: (draw, batchCount) => marked(draw, batchCount, 'fail', 'fail', 'fail'),
  },
  'dead-letters': {
    percent: 8,
    status: 'completed_with_failures',
    isSettled: true,
    draw: (draw, batchCount) => ({
      ...marked(draw, batchCount, 'fail', 'fail', 'fail'),
      receiveCountMax: draw(RECEIVE_COUNT_MIN, RECEIVE_COUNT_MIN + 1),
    }),
  },
  poison: {
    percent: 3,
    status: 'completed_with_failures',
    isSettled: true,
    draw: (draw, batchCount) => ({
      ...marked(draw, batchCount, draw(0, 1) === 0 ? 'exit' : 'kill-worker'),
      receiveCountMax: RECEIVE_COUNT_MIN,
    }),
  },
  flaky: {
    percent: 5,
    status: 'succeeded',
    isSettled: true,
    draw: (draw, batchCount) => ({
      ...marked(draw, batchCount, 'fail-once', 'fail-once'),
      receiveCountMax: RECEIVE_COUNT_MIN + 1,
    }),
  },
  crashing: {
    percent: 7,
    status: 'succeeded',
    isSettled: true,
    draw: (draw, batchCount) => marked(draw, batchCount, 'exit-once'),
  },
  stopped: {
    percent: 5,
    status: 'stopped',
    isSettled: false,
    draw: (draw, batchCount) => ({
      ...held(draw, batchCount),
      stop: { after: draw(0, 1) === 0 ? 'submission' : 'start', delayMs: draw(0, 1500) },
    }),
  },
  'timed-out': {
    percent: 4,
    status: 'timed_out',
    isSettled: false,
    draw: (draw, batchCount) => ({ ...held(draw, batchCount), timeoutS: draw(1, 4) }),
  },
  broken: {
    percent: 2,
    status: 'worker_error',
    isSettled: false,
    draw: () => ({}),
  },
  doomed: {
    percent: 1,
    status: 'worker_error',
    isSettled: false,
    draw: (draw, batchCount) => marked(draw, batchCount, 'exit'),
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type JobKind = keyof typeof KINDS;
