import { benchEnqueue } from './enqueue/enqueue.bench.ts';
import { benchJob } from './job/job.bench.ts';
import { benchLatency } from './latency/latency.bench.ts';
import { benchList } from './list/list.bench.ts';
import { benchLog } from './log/log.bench.ts';
import { benchNdjson } from './ndjson/ndjson.bench.ts';
import { benchProjector } from './projector/projector.bench.ts';
import { benchRedelivery } from './redelivery/redelivery.bench.ts';
import { benchScale } from './scale/scale.bench.ts';
import { benchStart } from './start/start.bench.ts';

interface Bench {
  readonly what: string;
  /**
   * @param size a smaller one than the bench is about, for a trial
   * @param args everything behind the bench's name, for a bench of several parts
   */
  readonly run: (size: number | null, args: readonly string[]) => Promise<void>;
}

const benches: Readonly<Record<string, Bench>> = {
  job: { what: 'the main job against BullMQ and the bare limit', run: benchJob },
  enqueue: { what: '100,000 batches into the queue', run: benchEnqueue },
  ndjson: { what: '1 GiB of NDJSON into the queue, against the floor [MiB]', run: benchNdjson },
  list: { what: '1,000,000 keys of S3 into the queue, against listing [keys]', run: benchList },
  latency: { what: 'from the last outcome to succeeded', run: benchLatency },
  projector: { what: 'memory and pages with 100,000 ended jobs [ended jobs]', run: benchProjector },
  redelivery: { what: "from a worker's death to its batch in other hands", run: benchRedelivery },
  log: {
    what: 'rebuilding, asking and following the log [--only PART] [--events N] [--data DIR]',
    run: (_size, args) => benchLog(args),
  },
  scale: { what: 'ten times the batches: time per batch, memory', run: benchScale },
  start: { what: 'npm start to ready', run: benchStart },
};

const name = process.argv[2] ?? '--help';
const bench = benches[name];
if (bench === undefined) {
  console.log('npm run bench -- NAME [SIZE]\n');
  for (const [known, { what }] of Object.entries(benches)) {
    console.log(`  ${known.padEnd(12)}${what}`);
  }
  process.exitCode = name === '--help' ? 0 : 2;
} else {
  const args = process.argv.slice(3);
  await bench.run(args[0] === undefined ? null : Number(args[0]), args);
}
