import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasEnded } from '#test/support/platform-client.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { until } from '#test/support/until.ts';
import { READING_SERVICES } from '../../services/standalone/service-process.ts';

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/guides/audit.md'), 'utf8');
const COMMANDS_MS_MAX = 120_000;

/** The URL of the guide's platform that only reads. */
const READING_URL = 'http://localhost:8890';
const PUBLIC_URL = 'https://batch.example.com';

let platform: TestPlatform;
let reading: TestPlatform;
let jobId: string;

beforeAll(async () => {
  platform = await startPlatform({ env: { CHECKPOINT_INTERVAL_MS: '500', PUBLIC_URL } });
  reading = await startPlatform({
    services: READING_SERVICES,
    env: { READ_ONLY: 'true', PUBLIC_URL },
  });
  platform.addInstance('status-projector', 'second-projector', { CHECKPOINT_INTERVAL_MS: '500' });
  const recording = new Recording(join(platform.dataDir, 'records'));
  await platform.deploy(recording.api('hello-world'));
  const items = Array.from({ length: 100 }, (_, n) => n);
  const submission = { workers: 2, item_list: { items, batch_size: 1 } };
  ({ job_id: jobId } = await platform.submit('hello-world', submission));
  await until('the job to end', async () => {
    const { job_status: status } = await platform.askJson<{
      job_status: Parameters<typeof hasEnded>[0];
    }>(`/v1/jobs/${jobId}`);
    return hasEnded(status);
  });
});
afterAll(() => Promise.all([platform.stop(), reading.stop()]));

/** What is read of the job and of the list, also of earlier moments of the log. */
async function readsOf(of: TestPlatform): Promise<readonly (readonly [string, string])[]> {
  const ask = async (path: string): Promise<string> => {
    const { status, text } = await of.ask(path);
    expect({ path, status }).toEqual({ path, status: 200 });
    return text;
  };
  const events = `/v1/jobs/${jobId}/events?limit=1000`;
  const { events: all } = JSON.parse(await ask(events)) as {
    readonly events: readonly { readonly position: number; readonly time: string }[];
  };
  // Not the time of the first event: it may be stored later, and then there is no job yet.
  const moments = all.filter((_, place) => place % 20 === 0);
  const times = moments.slice(1).map(({ time }) => `?at=${time}`);
  const ats = ['', ...moments.map(({ position }) => `?at=${position}`), ...times];
  const job = `/v1/jobs/${jobId}`;
  const paths = [job, `${job}/workers`, `${job}/batches`, '/v1/jobs'];
  const reads = paths.flatMap((path) => ats.map((at) => path + at));
  const answers: [string, string][] = [];
  for (const path of [events, '/v1/apis', ...reads]) answers.push([path, await ask(path)]);
  return answers;
}

describe('docs/guides/audit.md', () => {
  const blocks = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');

  it(
    'has commands that work',
    async () => {
      expect(blocks.length).toBeGreaterThan(3);
      await until('a checkpoint', async () =>
        (await platform.ask('/v1/audit/export')).text.includes('LogCheckpointed'),
      );
      const cwd = join(platform.dataDir, 'guide');
      await mkdir(cwd);
      const { PATH = '' } = process.env;
      const commands = blocks.join('\n').replace(READING_URL, reading.url);
      const { stdout } = await promisify(execFile)('bash', ['-eu', '-c', commands], {
        cwd,
        env: { PATH: `${root}/bin:${PATH}`, CORTEX_URL: platform.url, job: jobId },
        timeout: COMMANDS_MS_MAX,
        maxBuffer: 64 * 1024 * 1024,
      });
      expect(stdout.match(/^verified$/gm)).toHaveLength(4);
      expect(stdout).not.toContain('NOT');
      expect(await readFile(join(cwd, 'kept-hashes.txt'), 'utf8')).toMatch(/^\d+ [0-9a-f]{64}\n$/);
    },
    COMMANDS_MS_MAX,
  );

  it('fills another platform, which then answers the same, byte for byte', async () => {
    const was = await readsOf(platform);
    expect(was.length).toBeGreaterThan(40);
    expect(await readsOf(reading)).toEqual(was);
  });
});
