import { Pool } from 'undici';

/** Asks as fast as it is answered, over so many connections, in a process of its own. */
export interface LoadTask {
  readonly origin: string;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly latenciesMs: readonly number[];
}

async function load({ origin, paths, connections, seconds }: LoadTask): Promise<LoadResult> {
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  let askedCount = 0;
  const ask = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      const path = paths[askedCount++ % paths.length] ?? '/';
      const askedAt = performance.now();
      const { statusCode, body } = await pool.request({ path, method: 'GET' });
      await body.dump();
      if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}`);
      latenciesMs.push(performance.now() - askedAt);
    }
  };
  await Promise.all(Array.from({ length: connections }, ask));
  const requestsPerSecond = latenciesMs.length / ((performance.now() - startedAt) / 1000);
  await pool.close();
  return { requestsPerSecond, latenciesMs };
}

process.on('message', (task: LoadTask) => void load(task).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit());
process.send?.('ready');
