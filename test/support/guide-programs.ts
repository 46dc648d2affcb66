import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pythonPackages } from './python-packages.ts';

const root = join(import.meta.dirname, '../..');

/** The blocks of a guide that have a title, by it: ```` ```ts title="bridge.ts" ````. */
export function guideBlocks(guide: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(root, 'docs/guides', guide), 'utf8');
  const blocks = text.matchAll(/^```\w+ title="([^"]+)"\n([\s\S]*?)^```$/gm);
  return new Map(Array.from(blocks, ([, title = '', code = '']) => [title, code]));
}

export interface GuideProgramOptions {
  readonly args: readonly string[];
  readonly natsUrl: string;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A program of a guide as a process of its own, run from the guide's text. */
export class GuideProgram {
  private child: ChildProcess | null = null;
  /** What it and its predecessors have printed. */
  output = '';

  private constructor(
    /** Where it runs; gone after `stop`. */
    readonly folder: string,
    private readonly file: string,
    private readonly options: GuideProgramOptions,
  ) {}

  /** Writes the program to a folder of its own, in which npm's packages are found, and starts it. */
  static async start(
    blocks: ReadonlyMap<string, string>,
    file: string,
    options: GuideProgramOptions,
  ): Promise<GuideProgram> {
    const code = blocks.get(file);
    if (code === undefined) throw new Error(`the guide has no block with the title ${file}`);
    const cache = join(root, '.cache');
    await mkdir(cache, { recursive: true });
    const folder = await mkdtemp(join(cache, 'guide-'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, file), code);
    const program = new GuideProgram(folder, file, options);
    program.run();
    return program;
  }

  /** Kills it without a word, and starts it again. */
  async restart(): Promise<void> {
    await this.kill();
    this.run();
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  private run(): void {
    const [command, env] = this.file.endsWith('.py')
      ? ['python3', { PYTHONPATH: pythonPackages(join(root, 'examples/subscribers')) }]
      : [process.execPath, {}];
    const { args, natsUrl, env: added } = this.options;
    const child = spawn(command, [this.file, ...args], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], NATS_URL: natsUrl, ...added, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (piece: Buffer) => (this.output += piece.toString()));
    }
    this.child = child;
  }
}
