import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { natsServerBinary, natsServerSpec } from './nats-server.ts';
import type { Durability } from './standalone.config.ts';
import { StartError } from './start-error.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'cortex-nats-spec-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

/** A program that answers `-t -c FILE`, with which a server checks its configuration. */
function server(exitCode: number): string {
  const binary = join(dataDir, 'nats-server');
  writeFileSync(binary, `#!/bin/sh\nexit ${exitCode}\n`, { mode: 0o755 });
  return binary;
}

function configurationFor(durability: Durability, binary: string): string {
  const { args } = natsServerSpec({
    binary,
    durability,
    dataDir,
    port: 4222,
    logFile: join(dataDir, 'nats.log'),
    env: {},
  });
  return readFileSync(args[1] ?? '', 'utf8');
}

describe('the configuration of nats-server', () => {
  it('keeps to this machine and to the data directory', () => {
    const text = configurationFor('fast', 'nats-server');
    expect(text).toContain('listen: "127.0.0.1:4222"');
    expect(text).toContain(`store_dir: "${join(dataDir, 'nats')}"`);
    expect(text).not.toContain('sync_interval');
  });

  it('syncs every write when the durability is safe', () => {
    expect(configurationFor('safe', server(0))).toContain('sync_interval: always');
  });

  it('is refused with what to do when the server is too old for that', () => {
    expect(() => configurationFor('safe', server(1))).toThrow(StartError);
    expect(() => configurationFor('safe', server(1))).toThrow('nats-server 2.10');
  });
});

describe('the binary of nats-server', () => {
  it('is the given one, else what setup found, else the one on PATH', () => {
    expect(natsServerBinary(null, dataDir)).toBe('nats-server');
    mkdirSync(join(dataDir, '.cache'));
    writeFileSync(join(dataDir, '.cache/nats-server-path'), '/somewhere/nats-server\n');
    expect(natsServerBinary(null, dataDir)).toBe('/somewhere/nats-server');
    expect(natsServerBinary('/given', dataDir)).toBe('/given');
  });
});
