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

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/guides/audit.md'), 'utf8');
const COMMANDS_MS_MAX = 120_000;

let platform: TestPlatform;
let jobId: string;

beforeAll(async () => {
  platform = await startPlatform({ env: { CHECKPOINT_INTERVAL_MS: '500' } });
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
afterAll(() => platform.stop());

describe('docs/guides/audit.md', () => {
  const blocks = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');

  it('has commands that work', async () => {
    expect(blocks.length).toBeGreaterThan(3);
    await until('a checkpoint', async () =>
      (await platform.ask('/v1/audit/export')).text.includes('LogCheckpointed'),
    );
    const cwd = join(platform.dataDir, 'guide');
    await mkdir(cwd);
    const { PATH = '' } = process.env;
    const { stdout } = await promisify(execFile)('bash', ['-eu', '-c', blocks.join('\n')], {
      cwd,
      env: { PATH: `${root}/bin:${PATH}`, CORTEX_URL: platform.url, job: jobId },
      timeout: COMMANDS_MS_MAX,
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(stdout.match(/^verified$/gm)).toHaveLength(4);
    expect(stdout).not.toContain('NOT');
    expect(await readFile(join(cwd, 'kept-hashes.txt'), 'utf8')).toMatch(/^\d+ [0-9a-f]{64}\n$/);
  });
});
