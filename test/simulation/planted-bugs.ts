import { registerHooks } from 'node:module';

/** A bug that is put into a file of the product while it is loaded. */
interface PlantedBug {
  readonly file: string;
  /** Stands in the file exactly once, or the code has moved and the bug has to move with it. */
  readonly text: string;
  readonly replacement: string;
}

/** Bugs that a simulation worth its time finds. */
export const PLANTED_BUGS: Readonly<Record<string, PlantedBug>> = {
  'acknowledge-before-record': {
    file: 'services/worker/run-batches/outcome-log.ts',
    text: 'const isStored = await this.untilDone(',
    replacement: 'this.settle(outcomes); const isStored = await this.untilDone(',
  },
  'call-before-record': {
    file: 'services/worker/run-batches/batch-runner.ts',
    text: 'if (this.outcomes.isFull) await this.outcomes.room();',
    replacement: '',
  },
  'count-without-dedupe': {
    file: 'libs/domain/batch/batch-tally.ts',
    text: 'const isFirst = !this.succeeded.hasBatch(index);',
    replacement: 'const isFirst = true;',
  },
  'complete-on-approximate-counts': {
    file: 'libs/domain/scheduling/next-step.ts',
    text: 'settledCount(job.batchCounts) === job.total.batchCount',
    replacement: 'settledCount(job.batchCounts) >= job.total.batchCount - 1',
  },
  'resume-without-cursor': {
    file: 'services/enqueuer/enqueue-job/sources/item-list-batches.ts',
    text: 'arrayElements(input, Number(from.position))',
    replacement: 'arrayElements(input, 0)',
  },
  'no-fencing': {
    file: 'libs/event-store/handle-command.ts',
    text: 'store.append<E>(lane, fact, version)',
    replacement: 'store.append<E>(lane, fact, (await store.read<E>(lane)).version)',
  },
};

/** Has the modules of this thread that are loaded from here on loaded with a bug. */
export function plant(name: string): void {
  const bug = PLANTED_BUGS[name];
  if (bug === undefined) throw new Error(`no bug of that name: ${name}`);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(`/${bug.file}`)) return loaded;
      const source = Buffer.from((loaded.source ?? '') as Uint8Array).toString();
      return { ...loaded, source: planted(source, bug) };
    },
  });
}

function planted(source: string, { file, text, replacement }: PlantedBug): string {
  const [before, after, ...more] = source.split(text);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`cannot plant a bug in ${file}: "${text}" does not stand there exactly once`);
  }
  return before + replacement + after;
}
