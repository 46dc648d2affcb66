import { get } from 'node:http';
import { connect } from 'node:net';
import type { Probe } from '#libs/domain/api/api-spec.ts';
import { pause } from '#libs/platform/pause.ts';

/** A handler that starts in a moment should not wait long; one that loads a model is asked less often. */
const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 1000;
const PAUSE_GROWTH = 1.15;

const tcpProbe = (port: number): Probe => ({
  tcp_socket: { port },
  initial_delay_seconds: 0,
  timeout_seconds: 1,
  period_seconds: 1,
  success_threshold: 1,
  failure_threshold: 1,
});

/**
 * What has to pass before a handler is called: the probes that were asked for and, unless one of
 * them is just that, a TCP connect to the port the handler listens on.
 */
export function readinessProbes(
  probes: readonly (Probe | null)[],
  handlerPort: number,
): readonly Probe[] {
  const given = probes.filter((probe) => probe !== null);
  const hasDefault = given.some((probe) => probe.tcp_socket?.port === handlerPort);
  return hasDefault ? given : [tcpProbe(handlerPort), ...given];
}

/** Resolves when every probe has passed, each as often in a row as it asks for; or when `signal` aborts. */
export async function untilReady(probes: readonly Probe[], signal: AbortSignal): Promise<void> {
  await Promise.all(probes.map((probe) => untilPassed(probe, signal)));
}

async function untilPassed(probe: Probe, signal: AbortSignal): Promise<void> {
  await pause(probe.initial_delay_seconds * 1000, signal);
  const pauseMsMax = Math.min(probe.period_seconds * 1000, PAUSE_MS_MAX);
  let pauseMs = PAUSE_MS_MIN;
  let successCount = 0;
  while (!signal.aborted) {
    successCount = (await passes(probe)) ? successCount + 1 : 0;
    if (successCount >= probe.success_threshold) return;
    await pause(Math.min(pauseMs, pauseMsMax), signal);
    pauseMs *= PAUSE_GROWTH;
  }
}

function passes({
  tcp_socket: tcp,
  http_get: http,
  timeout_seconds: seconds,
}: Probe): Promise<boolean> {
  if (tcp !== undefined) return connects(tcp.port, seconds * 1000);
  if (http !== undefined) return answersWell(http.port, http.path, seconds * 1000);
  return Promise.resolve(true); // Readiness of Batch containers is TCP or HTTP; others are refused at deploy.
}

function connects(port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: timeoutMs });
    const end = (isReady: boolean): void => {
      socket.destroy();
      resolve(isReady);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

/** As Kubernetes sees it: 200 to 399 is well. */
function answersWell(port: number, path: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ port, path, host: '127.0.0.1', timeout: timeoutMs, agent: false });
    request.once('response', (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
    request.once('close', () => resolve(false));
  });
}
