import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasEnded, type JobStatus } from '#test/support/platform-client.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/guides/time-travel.md'), 'utf8');
const COMMANDS_MS_MAX = 120_000;

let platform: TestPlatform;
let jobId: string;
/** Answers that were given while the job ran, oldest first, each once. */
const given = { job: [] as string[], list: [] as string[] };

const keep = (answers: string[], text: string): void => {
  if (answers.at(-1) !== text) answers.push(text);
};

beforeAll(async () => {
  platform = await startPlatform();
  const recording = new Recording(join(platform.dataDir, 'records'));
  await platform.deploy(recording.api('hello-world'));
  const items = ['fail', ...Array.from({ length: 200 }, (_, n) => n)];
  const submission = { workers: 2, item_list: { items, batch_size: 1 } };
  ({ job_id: jobId } = await platform.submit('hello-world', submission));
  for (;;) {
    keep(given.list, (await platform.ask('/v1/jobs')).text);
    const { text } = await platform.ask(`/v1/jobs/${jobId}`);
    keep(given.job, text);
    if (hasEnded((JSON.parse(text) as { job_status: JobStatus }).job_status)) break;
  }
});
afterAll(() => platform.stop());

interface Page {
  readonly events: readonly { readonly position: string; readonly time: string }[];
  readonly next_after: string | null;
}
async function positions(): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | null = '0'; after !== null;) {
    const page: Page = await platform.askJson<Page>(
      `/v1/jobs/${jobId}/events?after=${after}&limit=100`,
    );
    found.push(...page.events.map(({ position }) => position));
    after = page.next_after;
  }
  return found;
}

describe('answers about a job that has ended', () => {
  it.each(['job', 'list'] as const)(
    'are, for the %s, those that were given while it ran',
    async (kind) => {
      const path = kind === 'job' ? `/v1/jobs/${jobId}` : '/v1/jobs';
      const past: string[] = [];
      for (const at of ['1', ...(await positions())]) {
        keep(past, (await platform.ask(`${path}?at=${at}`)).text);
      }
      // In this order, too: each was the answer at a position behind that of the one before.
      let place = 0;
      for (const answer of given[kind]) {
        place = past.indexOf(answer, place);
        expect(place).toBeGreaterThanOrEqual(0);
      }
      expect(given[kind].length).toBeGreaterThan(2);
    },
  );

  it('name the one batch that failed, and why', async () => {
    const path = `/v1/jobs/${jobId}/batches?outcome=failed,dead_lettered,cancelled,remaining`;
    expect(await platform.askJson(path)).toMatchObject({
      batches: [
        { index: 0, outcome: 'failed', items: { first: 0, count: 1 }, attempts: [{ attempt: 1 }] },
      ],
    });
  });
});

describe('docs/guides/time-travel.md', () => {
  const blocks = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  it(
    'has commands that work',
    async () => {
      expect(blocks.length).toBeGreaterThan(5);
      const { PATH = '' } = process.env;
      const { stdout } = await promisify(execFile)('bash', ['-eu', '-c', blocks.join('\n')], {
        env: { PATH: `${root}/bin:${PATH}`, CORTEX_URL: platform.url, job: jobId },
        timeout: COMMANDS_MS_MAX,
        maxBuffer: 64 * 1024 * 1024,
      });
      expect(stdout).toContain('BatchFailed');
      expect(stdout).toContain('event: end');
      expect(stdout).toContain(`${jobId} completed with failures: 200 of 201 batches succeeded`);
    },
    COMMANDS_MS_MAX,
  );
});
