import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
  }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly readinessProbe?: { readonly exec?: { readonly command: readonly string[] } };
  readonly terminationMessagePolicy?: string;
}

export interface ContainerEnd {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
}

const MESSAGE_BYTES_MAX = 2048;
const TERMINATION_LOG = '/dev/termination-log';
/** What is in every image, wherever it is on this machine: also under a folder that pods mount. */
const PROJECT = `${join(import.meta.dirname, '../../..')}/`;

export interface PodProcessOptions {
  readonly spec: ContainerSpec;
  /** Folder of the pod on this machine; each volume is a folder in it. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A container as a process of this machine, with its volumes as folders. */
export class PodProcess {
  readonly ended: Promise<ContainerEnd>;
  private readonly child: ChildProcess;
  readonly logFile: string;
  private readonly terminationFile: string;

  constructor(private readonly options: PodProcessOptions) {
    const { spec, folder } = options;
    this.logFile = join(folder, 'logs', `${spec.name}.log`);
    this.terminationFile = join(folder, 'termination', spec.name);
    for (const file of [this.logFile, this.terminationFile])
      mkdirSync(dirname(file), { recursive: true });
    writeFileSync(this.terminationFile, '');
    const log = openSync(this.logFile, 'a');
    const [program = '', ...args] = [...(spec.command ?? []), ...(spec.args ?? [])].map(
      this.onHost,
    );
    this.child = spawn(program, args, {
      cwd: spec.workingDir === undefined ? options.cwd : this.onHost(spec.workingDir),
      env: this.env(),
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.ended = this.watch();
  }

  get isReady(): boolean {
    const probe = this.options.spec.readinessProbe?.exec;
    if (probe === undefined) return true;
    const [program, flag, file = ''] = probe.command.map(this.onHost);
    if (program !== 'test' || flag !== '-f') throw new Error(`cannot probe by ${program}`);
    try {
      readFileSync(file);
      return true;
    } catch {
      return false;
    }
  }

  signal(signal: NodeJS.Signals): void {
    try {
      if (this.child.pid !== undefined) process.kill(-this.child.pid, signal);
    } catch {
      // It has ended.
    }
  }

  /** Where a path of the container is on this machine. */
  private readonly onHost = (value: string): string => {
    const { spec, folder } = this.options;
    if (value.startsWith(TERMINATION_LOG)) return this.terminationFile;
    if (value.startsWith(PROJECT)) return value;
    const mount = (spec.volumeMounts ?? []).find(
      ({ mountPath }) => value === mountPath || value.startsWith(`${mountPath}/`),
    );
    if (mount === undefined) return value;
    return join(folder, 'volumes', mount.name) + value.slice(mount.mountPath.length);
  };

  private env(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.options.env).map(([name, value]) => [name, this.onHost(value)]),
    );
  }

  private watch(): Promise<ContainerEnd> {
    return new Promise((resolve) => {
      this.child.once('error', (error) =>
        resolve({ exitCode: 128, reason: 'StartError', message: error.message }),
      );
      this.child.once('exit', (code, signal) => {
        const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
        this.signal('SIGKILL'); // A container's end is the end of all that it has started.
        resolve({
          exitCode,
          reason: exitCode === 0 ? 'Completed' : 'Error',
          message: this.message(exitCode),
        });
      });
    });
  }

  private message(exitCode: number): string {
    const said = readFileSync(this.terminationFile, 'utf8');
    const isLog = this.options.spec.terminationMessagePolicy === 'FallbackToLogsOnError';
    if (said !== '' || exitCode === 0 || !isLog) return said;
    return readFileSync(this.logFile, 'utf8').slice(-MESSAGE_BYTES_MAX);
  }
}
