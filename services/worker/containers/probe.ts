import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { connect } from 'node:net';
import type { Probe } from '#libs/domain/api/api-spec.ts';

/** Where the command of an `exec` probe runs: as the container's own does. */
export interface ProbePlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly groups: ProcessGroups;
}

/** Is told of the process groups there are, and kills those that are left when the worker ends. */
export interface ProcessGroups {
  /** @param pid of a process that leads a group of its own */
  started(pid: number): void;
  /** The group has ended, and its number may come to be another's. */
  ended(pid: number): void;
}

/**
 * Asks once.
 *
 * @param place for probes that may run a command
 * @returns what is wrong; `null` when the probe passes
 */
export function problemOf(probe: Probe, place: ProbePlace | null = null): Promise<string | null> {
  // What Node refuses to send or to start is thrown; no probe may end its worker with that.
  return ask(probe, place).catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  );
}

function ask(probe: Probe, place: ProbePlace | null): Promise<string | null> {
  const timeoutMs = probe.timeout_seconds * 1000;
  const { tcp_socket: tcp, http_get: http, exec } = probe;
  if (tcp !== undefined) return tcpProblem(tcp.port, timeoutMs);
  if (http !== undefined) return httpProblem(http, timeoutMs);
  if (exec !== undefined && place !== null) return execProblem(exec.command, timeoutMs, place);
  return Promise.resolve(null); // A probe that asks nothing is refused at deploy.
}

const noAnswerIn = (timeoutMs: number): string => `no answer within ${timeoutMs / 1000} s`;

function tcpProblem(port: number, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: timeoutMs });
    const end = (problem: string | null): void => {
      socket.destroy();
      resolve(problem && `port ${port}: ${problem}`);
    };
    socket.once('connect', () => end(null));
    socket.once('timeout', () => end(noAnswerIn(timeoutMs)));
    socket.once('error', (error) => end(error.message));
  });
}

/** As Kubernetes sees it: 200 to 399 is well. */
function httpProblem(
  { port, path }: { readonly port: number; readonly path: string },
  timeoutMs: number,
): Promise<string | null> {
  return new Promise((resolve) => {
    const end = (problem: string | null): void =>
      resolve(problem && `GET ${path} on port ${port}: ${problem}`);
    const request = get({ port, path, host: '127.0.0.1', agent: false });
    // For the whole of it: a timeout of the socket starts again with each byte.
    const timer = setTimeout(() => {
      end(noAnswerIn(timeoutMs));
      request.destroy();
    }, timeoutMs);
    request.once('response', (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      end(status >= 200 && status < 400 ? null : `status ${status}`);
    });
    request.once('error', (error) => end(error.message));
    request.once('close', () => clearTimeout(timer));
  });
}

function execProblem(
  command: readonly string[],
  timeoutMs: number,
  { cwd, env, groups }: ProbePlace,
): Promise<string | null> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const end = (problem: string | null): void =>
      resolve(problem && `command ${JSON.stringify(command)}: ${problem}`);
    const child = spawn(program, args, { cwd, env, stdio: 'ignore', detached: true });
    const { pid } = child;
    if (pid !== undefined) groups.started(pid);
    const timer = setTimeout(() => {
      end(noAnswerIn(timeoutMs));
      if (pid !== undefined) killGroup(pid);
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      end(error.message);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      if (pid !== undefined) {
        killGroup(pid); // What it started and left behind.
        groups.ended(pid);
      }
      if (code === 0) return end(null);
      end(signal === null ? `exited with code ${code}` : `was killed by ${signal}`);
    });
  });
}

/** @returns whether there was such a group */
export function killGroup(pid: number, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false; // The whole group has ended.
  }
}
