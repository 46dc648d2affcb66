import { jobId } from '#libs/domain/kernel/ids.ts';
import { getJob } from '../../../services/status-projector/get-job/get-job.ts';
import { openFollower } from './open-follower.ts';

/** Answers as the projector does, without the question's way over NATS, and tells how long each took. */
interface Task {
  readonly jobId: string;
  readonly warmUpCount: number;
  readonly count: number;
}

const follower = await openFollower('bench-answers');
void follower.run(new AbortController().signal);
await follower.caughtUp();

async function answer(task: Task): Promise<void> {
  const rule = { nowMs: Date.now(), stalledAfterMs: 600_000 };
  const times: number[] = [];
  for (let asked = -task.warmUpCount; asked < task.count; asked++) {
    const startedAt = performance.now();
    await follower.caughtUp();
    const { found } = getJob(follower.view, await follower.job(jobId(task.jobId)), rule);
    if (found === null) throw new Error(`job ${task.jobId} is not known`);
    if (asked >= 0) times.push(performance.now() - startedAt);
  }
  process.send?.(times);
}

process.on('message', (task: Task) => void answer(task));
process.on('disconnect', () => process.exit());
process.send?.('ready');
