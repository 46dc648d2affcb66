import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
});
afterEach(() => cli.remove());

const current = { generation: 1, position: 40, jobs_in_memory: 2, ended_jobs: 9, rebuild: null };
const rebuilding = { ...current, rebuild: { generation: 2, position: 20, last_position: 40 } };

describe('cortex projections', () => {
  it('shows what jobs are shown from', async () => {
    cli.gateway.on('GET /v1/projections/status', { body: current });
    expect((await cli.run('projections')).stdout).toBe(
      'generation 1 at position 40: 2 jobs in memory, 9 ended\n',
    );
    expect((await cli.run('projections', '-o', 'json')).stdout).toBe(
      `${JSON.stringify(current)}\n`,
    );
  });

  it('waits for a rebuild, and says how far it is', async () => {
    cli.gateway
      .on('POST /v1/projections/status/rebuild', { status: 202, body: rebuilding })
      .on('GET /v1/projections/status', { body: { ...current, generation: 2 } });
    const { stdout, stderr } = await cli.run('projections', 'rebuild');
    expect(stderr).toContain('rebuilding generation 2: position 20 of 40');
    expect(stdout).toBe('generation 2 at position 40: 2 jobs in memory, 9 ended\n');
  });

  it('only asks for a rebuild with --no-wait', async () => {
    cli.gateway.on('POST /v1/projections/status/rebuild', { status: 202, body: rebuilding });
    const { stdout } = await cli.run('projections', 'rebuild', '--no-wait');
    expect(stdout).toContain('rebuilding generation 2');
  });
});
