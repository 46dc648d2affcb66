import { planOf } from './chaos-plan.ts';
import { runChaos } from './chaos-run.ts';
const jobs = Number(process.argv[2]);
const batches = Number(process.argv[3]);
const plan = planOf(3, { jobCount: jobs, batchCount: batches });
const only = process.argv[4];
const t = performance.now();
const r = await runChaos(
  {
    ...plan,
    faults: [],
    jobs: plan.jobs.map((j) =>
      only === 'plain'
        ? {
            ...j,
            kind: 'plain',
            marks: new Map(),
            stop: null,
            timeoutS: null,
            receiveCountMax: null,
            workers: 1,
          }
        : j,
    ),
  },
  (p) => {
    if (p.ended === jobs) console.log('all ended', ((performance.now() - t) / 1000).toFixed(1));
  },
);
console.log(JSON.stringify(r));
const u = process.resourceUsage();
console.log('self cpu', (u.userCPUTime + u.systemCPUTime) / 1e6);
