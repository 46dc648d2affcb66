import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { gatewayUrl, type StandaloneConfig } from '../standalone.config.ts';
import { DEMO_JOBS, type DemoJob } from './demo-job.ts';

const jobAnswer = z.looseObject({
  job_status: z.looseObject({ job_id: z.string(), status: z.string() }),
});
type JobDocument = z.infer<typeof jobAnswer>['job_status'];

/** What a reader wants of a status document; the whole of it is at the address that is shown. */
const SHOWN = new Set(['job_id', 'api_name', 'status', 'batch_metrics', 'start_time', 'end_time']);

export interface DemoOptions {
  readonly config: StandaloneConfig;
  /** Folder of the checkout. */
  readonly root: string;
  /** Folder of the built services, the command line among them. */
  readonly servicesDir: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Runs a job of each kind and shows the status document and the result of each.
 *
 * @returns exit code: 0 only when every job succeeded and the results are right
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  for (const [index, job] of DEMO_JOBS.entries()) {
    tell(`\n--- ${index + 1} of ${DEMO_JOBS.length}: ${job.title}\n`);
    const exitCode = await new Demonstration(job, options).run();
    if (exitCode !== 0) return exitCode;
  }
  tell(`\n${DEMO_JOBS.length} of ${DEMO_JOBS.length} jobs succeeded.`);
  return 0;
}

class Demonstration {
  private readonly example: string;
  private readonly outputDir: string;

  constructor(
    private readonly job: DemoJob,
    private readonly options: DemoOptions,
  ) {
    this.example = join(options.root, 'examples', job.api);
    this.outputDir = join(options.config.dataDir, job.api);
  }

  async run(): Promise<number> {
    const { api, uploadTo, resultFile, hasCheck } = this.job;
    mkdirSync(this.outputDir, { recursive: true });
    const made = await this.node('make-job.mjs', '--output-dir', this.outputDir);
    if (made.exitCode !== 0) return made.exitCode;
    const jobFile = join(this.outputDir, 'job.json');
    writeFileSync(jobFile, made.stdout);

    if (uploadTo !== null) {
      const uploaded = await this.cortex('upload', '-r', join(this.outputDir, 'input'), uploadTo);
      process.stdout.write(uploaded.stdout);
      if (uploaded.exitCode !== 0) return uploaded.exitCode;
    }
    const deployed = await this.cortex('deploy', join(this.example, 'cortex.yaml'));
    process.stdout.write(deployed.stdout);
    if (deployed.exitCode !== 0) return deployed.exitCode;

    const submitted = await this.cortex('submit', api, '-f', jobFile, '--wait', '-o', 'json');
    if (submitted.stdout === '') return submitted.exitCode || 1;
    const { job_status: document } = jobAnswer.parse(JSON.parse(submitted.stdout));
    this.show(document);
    if (submitted.exitCode !== 0) return submitted.exitCode;

    const file = join(this.outputDir, document.job_id, resultFile);
    tell(`\nWhat the handler's on-job-complete wrote (${file}):`);
    process.stdout.write(`${readFileSync(file, 'utf8')}\n`);
    return hasCheck ? this.check(document) : 0;
  }

  private show(document: JobDocument): void {
    const url = `${gatewayUrl(this.options.config)}/${this.job.api}?jobID=${document.job_id}`;
    tell(`\nOf its status document (GET ${url}):`);
    const shown = Object.entries(document).filter(([name]) => SHOWN.has(name));
    process.stdout.write(`${JSON.stringify(Object.fromEntries(shown), null, 2)}\n`);
  }

  private async check({ job_id: jobId }: JobDocument): Promise<number> {
    const result = join(this.outputDir, jobId, 'result.json');
    const checked = await this.node('check.mjs', result, join(this.outputDir, 'input'));
    tell(`Compared with the source: ${checked.stdout.trimEnd()}`);
    return checked.exitCode;
  }

  private node(script: string, ...args: readonly string[]): Promise<ProgramResult> {
    return this.runNode([join(this.example, script), ...args]);
  }

  private cortex(...args: readonly string[]): Promise<ProgramResult> {
    tell(`$ cortex ${args.join(' ')}`);
    return this.runNode([join(this.options.servicesDir, 'cli/main.js'), ...args]);
  }

  /** Its stderr, where the progress bar is, stays the terminal's. */
  private runNode(args: readonly string[]): Promise<ProgramResult> {
    const { config, root, env } = this.options;
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, args, {
        cwd: root,
        env: { ...env, CORTEX_URL: gatewayUrl(config) },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const chunks: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.once('error', reject);
      child.once('close', (code) =>
        resolve({ exitCode: code ?? 1, stdout: Buffer.concat(chunks).toString('utf8') }),
      );
    });
  }
}

interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
