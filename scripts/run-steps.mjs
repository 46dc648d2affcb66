import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { say, seconds } from './setup/say.mjs';

/**
 * Runs a program of node_modules/.bin with the terminal as its own.
 *
 * @returns its exit code; 1 when a signal ended it
 */
export function runProgram(root, [program, ...args], env = {}) {
  const bin = join(root, 'node_modules', '.bin');
  const child = spawn(join(bin, program), args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, ...env },
  });
  // Ctrl-C reaches both of us; the program decides what to do about it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Runs every step, also after one has failed. @returns names of the steps that failed */
export async function runSteps(root, steps) {
  const failed = [];
  for (const [name, command] of Object.entries(steps)) {
    const startedAt = Date.now();
    const isGood = (await runProgram(root, command)) === 0;
    say(`${isGood ? 'passed' : 'FAILED'}  ${name} (${seconds(Date.now() - startedAt)})`);
    if (!isGood) failed.push(name);
  }
  return failed;
}
