import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '#libs/platform/logger.ts';
import { until } from '#test/support/until.ts';
import { ListWatch, type Resource, type WatchEnd, type WatchEvent } from './list-watch.ts';

const thing = (name: string, version: number): Resource => ({
  metadata: { name, uid: name, resourceVersion: String(version) },
});

type Watched = (
  onEvent: (event: WatchEvent<Resource>) => void,
  signal: AbortSignal,
) => Promise<WatchEnd>;

/** Follows lists and watches that happen as written; the last of each goes on. */
class Script {
  readonly changes: string[] = [];
  readonly watchedFrom: string[] = [];
  listCount = 0;
  private readonly stopping = new AbortController();

  constructor(
    private readonly lists: readonly (readonly Resource[] | Error)[],
    private readonly watches: readonly Watched[],
  ) {}

  run(resyncMs = 60_000): Promise<void> {
    return new ListWatch<Resource>({
      source: {
        list: async () => {
          const listed = this.lists[Math.min(this.listCount, this.lists.length - 1)] ?? [];
          this.listCount += 1;
          if (listed instanceof Error) throw listed;
          return { items: listed, resourceVersion: String(this.listCount * 100) };
        },
        watch: (version, onEvent, signal) => {
          this.watchedFrom.push(version);
          const watched = this.watches[this.watchedFrom.length - 1] ?? open;
          return watched(onEvent, signal);
        },
      },
      resyncMs,
      logger: silentLogger,
      onChange: (resource, isGone) =>
        this.changes.push(`${resource.metadata?.name}${isGone ? ' gone' : ''}`),
    }).run(this.stopping.signal);
  }

  stop(): void {
    this.stopping.abort();
  }
}

const open: Watched = (_, signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve('closed')));
const says =
  (end: WatchEnd, ...events: readonly WatchEvent<Resource>[]): Watched =>
  async (onEvent) => {
    for (const event of events) onEvent(event);
    return end;
  };

describe('keeping up with a cluster', () => {
  it.each<[string, Script, string, readonly string[]]>([
    [
      'watches from the version of the list',
      new Script([[thing('a', 1)]], [says('closed', { type: 'ADDED', object: thing('b', 101) })]),
      '100,101',
      ['a', 'b'],
    ],
    [
      'goes on from a bookmark',
      new Script([[]], [says('closed', { type: 'BOOKMARK', object: thing('', 150) })]),
      '100,150',
      [],
    ],
    [
      'goes on from where a silent watch was',
      new Script([[thing('a', 1)]], [says('silent')]),
      '100,100',
      ['a'],
    ],
    [
      'lists again when the version is forgotten, and tells what is gone',
      new Script(
        [
          [thing('a', 1), thing('b', 2)],
          [thing('b', 2), thing('c', 3)],
        ],
        [says('gone')],
      ),
      '100,200',
      ['a', 'b', 'a gone', 'c'],
    ],
    [
      'lists again after an error',
      new Script([[thing('a', 1)], [thing('a', 7)]], [() => Promise.reject(new Error('reset'))]),
      '100,200',
      ['a', 'a'],
    ],
    [
      'asks until a list is to be had',
      new Script([new Error('refused'), new Error('refused'), [thing('a', 1)]], []),
      '300',
      ['a'],
    ],
  ])('%s', async (_, script, versions, changes) => {
    const running = script.run();
    await until('the watches', () => script.watchedFrom.join() === versions);
    script.stop();
    await running;
    expect(script.changes).toEqual(changes);
  });

  it('tells nobody twice of the same version', async () => {
    const again = { type: 'MODIFIED', object: thing('a', 1) } as const;
    const script = new Script([[thing('a', 1)]], [says('gone', again)]);
    const running = script.run();
    await until('another list', () => script.listCount === 2);
    script.stop();
    await running;
    expect(script.changes).toEqual(['a']);
  });

  it('lists every now and then, in case a watch has missed something', async () => {
    const script = new Script([[thing('a', 1)], [thing('a', 2)]], []);
    const running = script.run(100);
    await until('another list', () => script.listCount === 2);
    script.stop();
    await running;
    expect(script.changes).toEqual(['a', 'a']);
  });

  it('backs off from a server that ends each watch at once', async () => {
    const script = new Script(
      [[]],
      Array.from({ length: 50 }, () => says('closed')),
    );
    const startedAt = performance.now();
    const running = script.run();
    await until('three watches', () => script.watchedFrom.length === 3);
    script.stop();
    await running;
    expect(performance.now() - startedAt).toBeGreaterThan(250); // At least 100 ms, then 200 ms.
  });
});
