import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { gatewayUrl, type StandaloneConfig } from '../standalone.config.ts';

const API = 'vega-summary';
const jobAnswer = z.looseObject({
  job_status: z.looseObject({ job_id: z.string(), status: z.string() }),
});

export interface DemoOptions {
  readonly config: StandaloneConfig;
  /** Folder of the checkout. */
  readonly root: string;
  /** Folder of the built services, the command line among them. */
  readonly servicesDir: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Deploys the example, runs a job over 3,201 records, and prints its status document and its summary.
 *
 * @returns exit code: 0 only when the job succeeded
 */
export async function runDemo({ config, root, servicesDir, env }: DemoOptions): Promise<number> {
  const example = join(root, 'examples', API);
  const outputDir = join(config.dataDir, API);
  mkdirSync(outputDir, { recursive: true });
  const node = (script: string, ...args: readonly string[]): Promise<ProgramResult> =>
    runNode([script, ...args], { cwd: root, env: { ...env, CORTEX_URL: gatewayUrl(config) } });
  const cortex = (...args: readonly string[]): Promise<ProgramResult> => {
    tell(`$ cortex ${args.join(' ')}`);
    return node(join(servicesDir, 'cli/main.js'), ...args);
  };

  const deployed = await cortex('deploy', join(example, 'cortex.yaml'));
  process.stdout.write(deployed.stdout);
  if (deployed.exitCode !== 0) return deployed.exitCode;

  const made = await node(join(example, 'make-job.mjs'), '--output-dir', outputDir);
  if (made.exitCode !== 0) return made.exitCode;
  const jobFile = join(outputDir, 'job.json');
  writeFileSync(jobFile, made.stdout);

  const submitted = await cortex('submit', API, '-f', jobFile, '--wait', '-o', 'json');
  if (submitted.stdout === '') return submitted.exitCode || 1;
  const { job_status: job } = jobAnswer.parse(JSON.parse(submitted.stdout));
  tell(`\nThe status document (GET ${gatewayUrl(config)}/${API}?jobID=${job.job_id}):`);
  process.stdout.write(`${JSON.stringify(job, null, 2)}\n`);
  if (submitted.exitCode !== 0) return submitted.exitCode;

  const summaryFile = join(outputDir, job.job_id, 'summary.txt');
  tell(`\nWhat the handler's on-job-complete wrote (${summaryFile}):`);
  process.stdout.write(`${readFileSync(summaryFile, 'utf8')}\n`);
  return 0;
}

interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
}

/** Its stderr, where the progress bar is, stays the terminal's. */
function runNode(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ exitCode: code ?? 1, stdout: Buffer.concat(chunks).toString('utf8') }),
    );
  });
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
