import { beforeEach, describe, expect, it } from '@jest/globals';
import type { FromWorker, ToWorker, WorkerAssignment } from '#libs/compute/worker-protocol.ts';
import { apiName, jobId, workerId } from '#libs/domain/kernel/ids.ts';
import type { WorkerLinks } from '../worker.ts';
import { JobTurns } from './job-turns.ts';

const assign = (job: string): ToWorker => ({ type: 'assign', assignment: assignmentTo(job) });
const STOP: ToWorker = { type: 'stop', graceMs: 5 };
const HALT: ToWorker = { type: 'halt' };

describe('the turns of a process', () => {
  /** What the parent hears, and how the process ends. */
  let heard: (FromWorker | number)[];
  let halts: Map<string, () => void>;
  let flushCount: number;
  let workers: { readonly links: WorkerLinks; readonly orders: ToWorker[] }[];
  let turns: JobTurns;

  beforeEach(() => {
    heard = [];
    halts = new Map();
    flushCount = 0;
    workers = [];
    turns = new JobTurns({
      newWorker: (links) => {
        const orders: ToWorker[] = [];
        workers.push({ links, orders });
        return { obey: (order) => orders.push(order), killHandler: () => {} };
      },
      onHalt: (id, halt) => {
        halts.set(id, halt);
        return () => halts.delete(id);
      },
      send: async (message) => void heard.push(message),
      exit: (code) => heard.push(code),
      flush: async () => void (flushCount += 1),
    });
  });

  const nth = (place: number) => {
    const worker = workers[place];
    if (worker === undefined) throw new Error(`there is no worker ${place}`);
    return worker;
  };

  it('give each job a worker of its own', async () => {
    for (const order of [assign('a'), STOP]) turns.obey(order);
    nth(0).links.exit(0);
    await settled();
    for (const order of [assign('b'), HALT]) turns.obey(order);
    expect(nth(0).orders).toEqual([assign('a'), STOP]);
    expect(nth(1).orders).toEqual([assign('b'), HALT]);
  });

  it('are over when the parent knows, and what the worker said is with the server', async () => {
    turns.obey(assign('a'));
    nth(0).links.exit(0);
    expect(heard).toEqual([]);
    await settled();
    expect(flushCount).toBe(1);
    expect(heard).toEqual([{ type: 'left' }]);
  });

  it('keep late words of a worker that has left from its successor’s parent', async () => {
    turns.obey(assign('a'));
    nth(0).links.exit(0);
    await nth(0).links.send({ type: 'halted' });
    await settled();
    expect(heard).toEqual([{ type: 'left' }]);
  });

  it.each([HALT, STOP, { type: 'call-completion-hook', body: '{}' } as const])(
    'drop a late $type for a worker that has left',
    async (order) => {
      turns.obey(assign('a'));
      nth(0).links.exit(0);
      await settled();
      turns.obey(order);
      turns.obey(assign('b'));
      expect(nth(1).orders).toEqual([assign('b')]);
    },
  );

  it('hear halts of the job at hand from others, and of no earlier one', async () => {
    turns.obey(assign('a'));
    halts.get(jobIdOf('a'))?.();
    expect(nth(0).orders).toEqual([assign('a'), HALT]);
    nth(0).links.exit(0);
    await settled();
    turns.obey(assign('b'));
    expect([...halts.keys()]).toEqual([jobIdOf('b')]);
  });

  it('end the process when a worker fails', async () => {
    turns.obey(assign('a'));
    nth(0).links.exit(1);
    await settled();
    expect(heard).toEqual([1]);
  });

  it('are over once: what a worker that has left says of its end again is for nobody', async () => {
    turns.obey(assign('a'));
    nth(0).links.exit(0);
    nth(0).links.exit(1);
    await settled();
    expect(heard).toEqual([{ type: 'left' }]);
  });

  it('end the process when a worker fails and then leaves in order', async () => {
    turns.obey(assign('a'));
    nth(0).links.exit(1);
    nth(0).links.exit(0);
    await settled();
    expect(heard).toEqual([1]);
  });

  it.each([
    ['before a job', () => {}],
    ['in a job', () => turns.obey(assign('a'))],
  ])('end the process when told so %s', async (_, begin) => {
    begin();
    turns.end(7);
    expect(nth(0).orders.at(-1)).toEqual({ type: 'stop', graceMs: 7 });
    nth(0).links.exit(0);
    await settled();
    expect(heard).toEqual([0]);
  });
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const jobIdOf = (job: string) => jobId(job.padStart(16, '0'));

const assignmentTo = (job: string): WorkerAssignment => ({
  apiName: apiName('api'),
  jobId: jobIdOf(job),
  workerId: workerId(0),
  restart: 0,
  containers: [],
  handlerPort: 1,
  logFile: '',
  traceparent: null,
  deadLetterQueue: null,
});
