import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { say, seconds } from './setup/say.mjs';

/** On two cores; most of a step runs on one. */
const STEPS_AT_A_TIME = 2;

/**
 * Runs a program of node_modules/.bin with the terminal as its own.
 *
 * @returns its exit code; 1 when a signal ended it
 */
export function runProgram(root, command, env = {}) {
  return untilExit(start(root, command, { env, stdio: 'inherit' }));
}

function start(root, [program, ...args], { env = {}, stdio }) {
  const bin = join(root, 'node_modules', '.bin');
  return spawn(join(bin, program), args, {
    cwd: root,
    stdio,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, ...env },
  });
}

function untilExit(child) {
  // Ctrl-C reaches both of us; the program decides what to do about it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/**
 * Runs every step, also after one has failed, each with its output in one piece.
 *
 * @returns names of the steps that failed
 */
export async function runSteps(root, steps) {
  const failed = [];
  const waiting = Object.entries(steps);
  const runWaiting = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const [name, command] = step;
      if (!(await runStep(root, name, command))) failed.push(name);
    }
  };
  await Promise.all(Array.from({ length: STEPS_AT_A_TIME }, runWaiting));
  return failed;
}

async function runStep(root, name, command) {
  const startedAt = Date.now();
  const child = start(root, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => output.push(chunk));
  const isGood = (await untilExit(child)) === 0;
  process.stderr.write(Buffer.concat(output));
  say(`${isGood ? 'passed' : 'FAILED'}  ${name} (${seconds(Date.now() - startedAt)})`);
  return isGood;
}
