import { spawn } from 'node:child_process';
import { say, seconds } from './say.mjs';

const HEARTBEAT_MS = 10_000;
/** Of the beginning and of the end of a failed command's output: some say why first, some last. */
const LINES_SHOWN = 8;

/**
 * Runs a command quietly, with a line every 10 s so that nobody thinks it hangs.
 *
 * @param options.title what a heartbeat says is going on; without it there is none
 * @param options.showsOutput which lines of a failed command's output say why it failed
 * @returns its output (stdout and stderr together)
 * @throws Error with the ends of the output when it fails, cannot start or takes too long
 */
export function runCommand(
  command,
  args,
  { title, timeoutMs, env = {}, cwd, showsOutput = () => true } = {},
) {
  const startedAt = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    const heartbeat = setInterval(
      () => title && say(`  ... still ${title} (${seconds(Date.now() - startedAt)})`),
      HEARTBEAT_MS,
    );
    const deadline = timeoutMs && setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const finish = (settle) => {
      clearInterval(heartbeat);
      clearTimeout(deadline);
      settle();
    };
    child.once('error', (error) => finish(() => reject(error)));
    child.once('close', (code, signal) =>
      finish(() => {
        const output = Buffer.concat(chunks).toString('utf8');
        const lines = output.split('\n').filter((line) => line.trim() !== '' && showsOutput(line));
        if (code === 0) resolve(output);
        else reject(failure(command, { code, signal, timeoutMs, lines }));
      }),
    );
  });
}

function failure(command, { code, signal, timeoutMs, lines }) {
  const end = signal
    ? `was ended by ${signal}${timeoutMs ? ` (allowed: ${seconds(timeoutMs)})` : ''}`
    : `exited with ${code}`;
  const hidden = lines.length - 2 * LINES_SHOWN;
  const shown =
    hidden <= 0
      ? lines
      : [...lines.slice(0, LINES_SHOWN), `... (${hidden} lines)`, ...lines.slice(-LINES_SHOWN)];
  return new Error([`${command} ${end}`, ...shown].join('\n'));
}
