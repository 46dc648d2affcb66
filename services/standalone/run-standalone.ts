import { announceReady, announceStart } from './announcements.ts';
import { loadStandaloneConfig, type StandaloneConfig } from './standalone.config.ts';
import { Standalone } from './standalone.ts';
import { StartError } from './start-error.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Folder of the checkout. */
  readonly root: string;
  /** Folder of the built services. */
  readonly servicesDir: string;
  /** Called when the platform is ready; it stops when this resolves, with the exit code. */
  readonly use: (config: StandaloneConfig, interrupt: AbortSignal) => Promise<number>;
}

/** Runs the platform from start to stop. Resolves with the exit code when no process is left. */
export async function runStandalone(options: RunOptions): Promise<number> {
  try {
    return await startUseAndStop(options);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    say(`\n${error.message}`);
    return 1;
  }
}

/** Resolves on Ctrl-C. */
export function untilInterrupted(interrupt: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (interrupt.aborted) resolve();
    interrupt.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function startUseAndStop({ env, root, servicesDir, use }: RunOptions): Promise<number> {
  const startedAt = performance.now();
  const config = loadStandaloneConfig(env);
  announceStart(config, say);
  const platform = await Standalone.start({ config, root, servicesDir, env, say });
  const interrupt = interruptOnSignal(platform);
  try {
    await platform.untilReady(interrupt);
    if (interrupt.aborted) return 0;
    announceReady(config, { tookMs: performance.now() - startedAt, say });
    return await use(config, interrupt);
  } finally {
    await platform.stop();
    say('Stopped.');
  }
}

/** The first signal asks everything to stop, in order; a second one ends everything at once. */
function interruptOnSignal(platform: Standalone): AbortSignal {
  const interrupt = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (interrupt.signal.aborted) {
      platform.kill();
      process.exit(1);
    }
    say(`\n${signal}: stopping; once more to end everything at once`);
    interrupt.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return interrupt.signal;
}

/** On stderr: stdout is for what a command answers. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
