import { benchEnqueue } from './enqueue/enqueue.bench.ts';
import { benchJob } from './job/job.bench.ts';
import { benchLatency } from './latency/latency.bench.ts';
import { benchList } from './list/list.bench.ts';
import { benchNdjson } from './ndjson/ndjson.bench.ts';
import { benchRedelivery } from './redelivery/redelivery.bench.ts';
import { benchScale } from './scale/scale.bench.ts';
import { benchStart } from './start/start.bench.ts';

interface Bench {
  readonly what: string;
  /** @param size a smaller one than the bench is about, for a trial */
  readonly run: (size: number | null) => Promise<void>;
}

const benches: Readonly<Record<string, Bench>> = {
  job: { what: 'the main job against BullMQ and the bare limit', run: benchJob },
  enqueue: { what: '100,000 batches into the queue', run: benchEnqueue },
  ndjson: { what: '1 GiB of NDJSON into the queue, against the floor [MiB]', run: benchNdjson },
  list: { what: '1,000,000 keys of S3 into the queue, against listing [keys]', run: benchList },
  latency: { what: 'from the last outcome to succeeded', run: benchLatency },
  redelivery: { what: "from a worker's death to its batch in other hands", run: benchRedelivery },
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
  await bench.run(process.argv[3] === undefined ? null : Number(process.argv[3]));
}
