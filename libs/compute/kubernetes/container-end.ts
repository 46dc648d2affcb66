import { constants } from 'node:os';
import type { V1ContainerStateTerminated, V1ContainerStatus } from '@kubernetes/client-node';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { CODE_CONTAINER, WORKER_CONTAINER, CODE_UNUSABLE_EXIT } from '../pod-assignment.ts';
import { START_ERROR_EXITS } from './job-manifest.ts';
import type { PodFailure } from './pod-failure.ts';

const SIGNAL_BASE = 128;
const SHOWN_CHARS_MAX = 2000;
const NODE_OUT_OF_MEMORY = 'JavaScript heap out of memory';

/** Why a worker failed, by the container that ended. */
export function endOfContainer({ name, state }: V1ContainerStatus): PodFailure {
  const { exitCode = 0, message = '', reason = '' } = state?.terminated ?? {};
  const said = name === WORKER_CONTAINER ? reasonOfWorker(message) : null;
  if (said !== null) return { state: 'failed', verdict: 'failed', reason: said };
  const isStartError = START_ERROR_EXITS.includes(exitCode);
  const isFinal = isStartError || (name === CODE_CONTAINER && exitCode === CODE_UNUSABLE_EXIT);
  return {
    state: 'failed',
    verdict: isFinal ? 'final' : 'failed',
    reason: {
      kind: kindOf({ name, exitCode, reason, message, isStartError }),
      message: `container "${name}" ${howItEnded(exitCode, reason)}${lastOutput(message)}`,
    },
  };
}

function kindOf(
  end: Pick<V1ContainerStateTerminated, 'exitCode' | 'reason' | 'message'> & {
    readonly name: string;
    readonly isStartError: boolean;
  },
): string {
  const { name, exitCode, reason, message = '', isStartError } = end;
  if (reason === 'OOMKilled' || message.includes(NODE_OUT_OF_MEMORY)) return 'worker.oom';
  if (name === CODE_CONTAINER) {
    return exitCode === CODE_UNUSABLE_EXIT ? 'worker.code_unusable' : 'worker.code_not_fetched';
  }
  if (isStartError) return 'worker.container_not_started';
  return name === WORKER_CONTAINER ? 'worker.died' : 'worker.container_exited';
}

function howItEnded(exitCode: number, reason: string): string {
  const signal = signalOf(exitCode - SIGNAL_BASE);
  const how = signal === null ? `exited with code ${exitCode}` : `was killed by ${signal}`;
  return /^(|Error|Completed)$/.test(reason) ? how : `${how} (${reason})`;
}

const signalOf = (number: number): string | null =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? null;

const lastOutput = (message: string): string => {
  const text = message.trimEnd();
  return text === '' ? '' : `; its last output:\n${text.slice(-SHOWN_CHARS_MAX)}`;
};

/** A worker that knows why it leaves writes it down; one that was killed leaves its last log lines. */
function reasonOfWorker(message: string): Reason | null {
  try {
    const said: unknown = JSON.parse(message);
    if (typeof said !== 'object' || said === null) return null;
    if (!('kind' in said) || !('message' in said)) return null;
    return { kind: String(said.kind), message: String(said.message) };
  } catch {
    return null;
  }
}
