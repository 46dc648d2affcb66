import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const handler = join(import.meta.dirname, '../fixtures/handlers/recording-handler.mjs');

/** One call that a recording handler was sent. */
export interface RecordedCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As it came, byte for byte. */
  readonly body: Buffer;
  /** In milliseconds since the epoch. */
  readonly at: number;
}

interface Line {
  readonly event: 'started' | 'answered' | 'probed' | 'cut';
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly at: number;
  readonly status: number;
}

type Hold = 'hold-batches' | 'hold-completion' | 'not-ready' | 'not-alive';

/** What of a recording handler's container is not as usual. */
interface RecordingContainer {
  readonly env?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** A handler whose every call can be read afterwards, and that waits when told to. */
export class Recording {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** A configuration as in `cortex.yaml` whose handler records here. */
  api(
    name: string,
    { env = {}, ...changes }: RecordingContainer = {},
  ): Readonly<Record<string, unknown>> {
    const container = {
      name: 'api',
      image: 'none',
      command: [process.execPath, handler],
      env: { RECORD_DIR: this.folder, ...env },
      ...changes,
    };
    return { name, kind: 'BatchAPI', pod: { containers: [container] } };
  }

  /** Handlers that record here and are alive, each with the worker process that supervises it. */
  get liveHandlers(): readonly { readonly pid: number; readonly workerPid: number }[] {
    return readdirSync(this.folder)
      .filter((file) => file.endsWith('.ndjson'))
      .map((file) => Number.parseInt(file, 10))
      .flatMap((pid) => {
        const workerPid = parentOf(pid);
        return workerPid === null ? [] : [{ pid, workerPid }];
      });
  }

  hold(what: Hold): void {
    writeFileSync(join(this.folder, what), '');
  }

  letGo(what: Hold): void {
    rmSync(join(this.folder, what), { force: true });
  }

  /** Calls of `/`, in no order across handlers. */
  get batchCalls(): readonly RecordedCall[] {
    return this.calls('/');
  }

  get completionCalls(): readonly RecordedCall[] {
    return this.calls('/on-job-complete');
  }

  /** Times of the completion calls that the handler has answered, in milliseconds since the epoch. */
  get completionAnswers(): readonly number[] {
    return this.lines
      .filter(({ event, url }) => event === 'answered' && url === '/on-job-complete')
      .map(({ at }) => at);
  }

  /** Times at which the connection of a batch call was cut, in milliseconds since the epoch. */
  get batchCuts(): readonly number[] {
    return this.lines
      .filter(({ event, url }) => event === 'cut' && url === '/')
      .map(({ at }) => at);
  }

  /** Statuses that `GET /ready` or `GET /alive` was answered with. */
  probeStatuses(path: '/ready' | '/alive'): readonly number[] {
    return this.lines
      .filter(({ event, url }) => event === 'probed' && url === path)
      .map(({ status }) => status);
  }

  private calls(path: string): readonly RecordedCall[] {
    return this.lines
      .filter(({ event, url }) => event === 'started' && url === path)
      .map(({ url, method, headers, body, at }) => ({
        url,
        method,
        headers,
        at,
        body: Buffer.from(body, 'latin1'),
      }));
  }

  private get lines(): readonly Line[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder)
      .filter((file) => file.endsWith('.ndjson'))
      .flatMap((file) => readFileSync(join(this.folder, file), 'utf8').split('\n'))
      .filter((line) => line.endsWith('}')) // The last one may be half written.
      .map((line): Line => JSON.parse(line));
  }
}

/** `null` when there is no such process (any more). */
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, in parentheses, may contain anything; the state and the parent follow it.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}
