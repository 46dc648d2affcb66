import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  awaitedInVain,
  flagProblems,
  programOf,
  settingProblems,
  valueProblemsAnywhere,
} from './program-settings.ts';

const root = join(import.meta.dirname, '../..');

describe('the check of settings', () => {
  it('finds nothing when each is one of the program, or of a library, and has a good value', () => {
    const env = { PORT: '8888', PUBLIC_URL: '', NATS_URL: null, AWS_REGION: 'us-east-1' };
    expect(settingProblems('services/gateway', env)).toEqual([]);
  });

  it('finds a misspelt one, and one of another program', () => {
    expect(
      settingProblems('services/gateway', { LOG_LEVL: 'info', LEADER_TTL_MS: '5000' }),
    ).toEqual([
      'services/gateway does not read LOG_LEVL',
      'services/gateway does not read LEADER_TTL_MS',
    ]);
    expect(settingProblems('services/scheduler', { AWS_ACESS_KEY_ID: null })).toHaveLength(1);
  });

  it('finds a value that the program would refuse', () => {
    expect(settingProblems('services/enqueuer', { LEASE_MS: '10s', QUEUE: 'kafka' })).toEqual([
      expect.stringContaining('services/enqueuer: LEASE_MS=10s: '),
      expect.stringContaining('services/enqueuer: QUEUE=kafka: '),
    ]);
  });

  it('leaves out nothing that a program reads by now; if it does, take that from AWAITED', () => {
    expect(awaitedInVain()).toEqual([]);
  });

  it('finds a program that is none', () => {
    expect(settingProblems('services/gatway', {})).toEqual([
      'services/gatway is no program of ours',
    ]);
  });

  it('finds flags that npm start has and a command has not, and the other way round', () => {
    const enqueuer = 'dist/services/enqueuer/main.js';
    expect(flagProblems(['--max-semi-space-size=8', enqueuer])).toEqual([]);
    expect(flagProblems([enqueuer])).toEqual([
      'services/enqueuer has flags "", not "--max-semi-space-size=8"',
    ]);
    expect(flagProblems(['--max-semi-space-size=8', 'dist/services/relay/main.js'])).toHaveLength(
      1,
    );
  });

  it('knows the program by its main.js', () => {
    expect(programOf(['tini', '--', 'node', 'dist/services/gateway/main.js'])).toBe(
      'services/gateway',
    );
    expect(programOf(['node', '-e', '0'])).toBeNull();
  });
});

describe('.env.example', () => {
  const lines = [
    ...readFileSync(join(root, '.env.example'), 'utf8').matchAll(/^# ([A-Z][A-Z0-9_]*)=(.*)$/gm),
  ];

  it('shows values that whoever reads them accepts', () => {
    expect(lines.length).toBeGreaterThan(20);
    const problems = lines.flatMap(([, name = '', value = '']) =>
      valueProblemsAnywhere(name, value),
    );
    expect(problems).toEqual([]);
    expect(valueProblemsAnywhere('PORT', '8o88')).not.toEqual([]);
  });
});
