import { benchJob } from './job/job.bench.ts';

const benches: Readonly<
  Record<string, { readonly run: () => Promise<void>; readonly what: string }>
> = {
  job: { run: benchJob, what: 'the main job against BullMQ and the bare limit' },
};

const name = process.argv[2] ?? '--help';
const bench = benches[name];
if (bench !== undefined) {
  await bench.run();
} else {
  console.log('npm run bench -- NAME\n');
  for (const [known, { what }] of Object.entries(benches))
    console.log(`  ${known.padEnd(10)}${what}`);
  process.exitCode = name === '--help' ? 0 : 2;
}
