import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { environment, writeResult } from '../report.ts';
import { benchGetStatus } from './get-status.ts';
import { benchLag } from './lag.ts';
import { benchLogBytes } from './log-bytes.ts';
import { benchRebuild, type RebuildOptions } from './rebuild.ts';
import { benchStatusAnswer } from './status-answer.ts';

const PARTS: Readonly<Record<string, (options: RebuildOptions) => Promise<object>>> = {
  rebuild: benchRebuild,
  answer: benchStatusAnswer,
  get: benchGetStatus,
  lag: benchLag,
  bytes: benchLogBytes,
};

/** What the log costs and how fast it is read, folded and asked. */
export async function benchLog(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string' }, events: { type: 'string' }, data: { type: 'string' } },
  });
  const names = values.only === undefined ? Object.keys(PARTS) : [values.only];
  const eventCount = values.events === undefined ? null : Number(values.events);
  for (const name of names) {
    const part = PARTS[name];
    if (part === undefined) {
      throw new Error(`--only ${name}: expected one of ${Object.keys(PARTS).join(', ')}`);
    }
    console.log(
      `\n${name}, load before it ${loadavg()
        .map((load) => load.toFixed(1))
        .join(' ')}`,
    );
    const result = await part({ eventCount, dataDir: values.data ?? null });
    if (eventCount === null) writeResult('log', { bench: `log ${name}`, ...result });
  }
  console.log(`\n${JSON.stringify(environment(), null, 2)}`);
}
