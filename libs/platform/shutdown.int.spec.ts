import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';

const moduleUrl = (name: string): string =>
  JSON.stringify(new URL(`./${name}.ts`, import.meta.url).href);

/** A service that does nothing but end as `close` says. It prints when it is up and when it closes. */
const program = (close: string): string => `
  import { closeOnSignal } from ${moduleUrl('shutdown')};
  import { createLogger } from ${moduleUrl('logger')};
  setInterval(() => {}, 1000);
  let closes = 0;
  closeOnSignal(async () => {
    console.log('closing ' + ++closes);
    ${close}
  }, createLogger('test', 'info'));
  console.log('up');
`;

describe('closeOnSignal', () => {
  let service: ChildProcess;
  let output = '';

  /** @param isChild whether there is a channel to the parent, as there is for supervised services */
  const start = async (close: string, { isChild = false } = {}): Promise<void> => {
    output = '';
    service = spawn(process.execPath, ['--input-type=module', '-e', program(close)], {
      stdio: ['ignore', 'pipe', 'pipe', ...(isChild ? (['ipc'] as const) : [])],
    });
    service.stdout?.on('data', (bytes: Buffer) => (output += bytes.toString()));
    service.stderr?.on('data', (bytes: Buffer) => (output += bytes.toString()));
    await printed('up');
  };
  const printed = async (text: string): Promise<void> => {
    while (!output.includes(text)) {
      if (service.exitCode !== null) throw new Error(`exited before ${text}: ${output}`);
      if (service.stdout !== null) await once(service.stdout, 'data');
    }
  };
  const exitCode = async (): Promise<unknown> => {
    if (service.exitCode !== null) return service.exitCode;
    const [code] = await once(service, 'exit');
    return code;
  };

  afterEach(() => {
    service.kill('SIGKILL');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('closes once on %s and exits with 0', async (signal) => {
    await start('');
    service.kill(signal);
    expect(await exitCode()).toBe(0);
    expect(output).toContain('closing 1');
    expect(output).not.toContain('closing 2');
    expect(output).toContain('"msg":"shutting down"');
  });

  it('waits until everything is closed', async () => {
    await start(`await new Promise((resolve) => setTimeout(resolve, 100)); console.log('closed');`);
    service.kill('SIGTERM');
    expect(await exitCode()).toBe(0);
    expect(output).toContain('closed');
  });

  it('exits with 1 when closing fails, and says why', async () => {
    await start(`throw new Error('the door is stuck');`);
    service.kill('SIGTERM');
    expect(await exitCode()).toBe(1);
    expect(output).toContain('the door is stuck');
  });

  it('exits at once on a second signal', async () => {
    await start('await new Promise(() => {});');
    service.kill('SIGTERM');
    await printed('closing 1');
    service.kill('SIGINT');
    expect(await exitCode()).toBe(1);
  });

  it('closes when the process that started it is gone', async () => {
    await start('', { isChild: true });
    service.disconnect();
    expect(await exitCode()).toBe(0);
    expect(output).toContain('closing 1');
  });
});
