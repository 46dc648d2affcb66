import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { guardProcess } from './process-guard.ts';
import { RotatedFile } from './rotated-file.ts';

/** A service says little at the level `info`; this is months. */
const LOG_BYTES_MAX = 20 * 1024 * 1024;

/** One process of the platform and where its output goes. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What the process writes is appended here. */
  readonly logFile: string;
  /**
   * Node services get an IPC channel: its end tells them that whoever started them is gone. A process
   * without one is ended by a guard.
   */
  readonly hasChannel: boolean;
}

/** A bundle reads its maps itself. */
const SOURCE_MAPS = '--enable-source-maps';

/**
 * Also in deploy/Dockerfile. What memory a service keeps beyond what it uses. The young generation, in MB, at its default grows
 * to hold what 100,000 batches leave behind; the old one is doubled or more before it is cleaned.
 * Measured: an enqueuer that lists a million keys stays at 182 MB instead of 283, no slower.
 */
export const NODE_FLAGS = [SOURCE_MAPS, '--max-semi-space-size=4', '--heap-growing-percent=50'];

/**
 * Besides those, as in deploy; of two flags the later counts. What waits for an answer, or is read and not
 * sent yet, survives every clean-up of the young generation. With four times the room a gateway under load
 * spends 8% of its time on them instead of 17%, for 24 MB at most; with twice the room an enqueuer of a
 * gigabyte of rows is a tenth faster, for 9 MB.
 */
export const ADDED_FLAGS: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  gateway: ['--max-semi-space-size=16'],
  enqueuer: ['--max-semi-space-size=8'],
};

/**
 * glibc keeps what was freed for each thread that frees, up to eight times the cores. A gigabyte that
 * passes through in pieces of 200 KB leaves 50 MB behind so. Other C libraries ignore this.
 */
export const STREAMING_ENV = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '1048576' };
/** Not the scheduler: handlers inherit its environment. */
export const STREAMING_SERVICES: ReadonlySet<string> = new Set(['gateway', 'enqueuer']);

/** The services of the platform, in the order in which a job meets them. */
export const SERVICES = ['gateway', 'enqueuer', 'scheduler', 'status-projector'] as const;
/** Of a platform that only reads. */
export const READING_SERVICES = ['gateway', 'status-projector'] as const;
/** Runs besides them when the log is not kept in NATS: it copies the log there, for integrations. */
export const RELAY = 'relay';
export type ServiceName = (typeof SERVICES)[number] | typeof RELAY;

/**
 * The bundle of the service, if the build made one: it starts in a third of the time.
 *
 * @param servicesDir folder of the built services
 * @param env replaces the environment; give what the service is to inherit
 */
export function serviceSpec(
  name: ServiceName,
  {
    servicesDir,
    env,
    logFile,
  }: {
    readonly servicesDir: string;
    readonly env: NodeJS.ProcessEnv;
    readonly logFile: string;
  },
): ProcessSpec {
  const bundled = join(servicesDir, '../bundles', name, 'main.js');
  const isBundled = existsSync(bundled);
  const flags = NODE_FLAGS.filter((flag) => !isBundled || flag !== SOURCE_MAPS);
  const main = isBundled ? bundled : join(servicesDir, name, 'main.js');
  const args = [...flags, ...(ADDED_FLAGS[name] ?? []), main];
  const added = STREAMING_SERVICES.has(name) ? STREAMING_ENV : {};
  const all = { ...added, ...env };
  return { name, command: process.execPath, args, env: all, logFile, hasChannel: true };
}

/**
 * Starts a process in a group of its own, so that Ctrl-C at the terminal reaches only the supervisor,
 * which then stops everything in the right order.
 *
 * @param onLine every line the process writes
 */
export function spawnLogged(spec: ProcessSpec, onLine: (line: string) => void): ChildProcess {
  const log = new RotatedFile(spec.logFile, { bytesMax: LOG_BYTES_MAX, onProblem: onLine });
  const child = spawn(spec.command, spec.args, {
    env: spec.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(spec.hasChannel ? (['ipc'] as const) : [])],
  });
  const write = (line: string): void => {
    log.write(line);
    onLine(line);
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', write);
  }
  child.once('close', () => void log.end());
  if (!spec.hasChannel && child.pid !== undefined) {
    const endGuard = guardProcess(child.pid);
    child.once('exit', endGuard);
  }
  return child;
}
