import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workerProgramIn } from '#libs/compute/local-process/worker-program.ts';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';

const { runners } = workerProgramIn(new URL('../../', import.meta.url));

interface RunningHandler {
  post(path: string, body: string): Promise<{ status: number; text: string }>;
  output(): string;
  child: ChildProcess;
}

describe.each(['python', 'node'] as const)('the runner of %s functions', (type) => {
  let folder: string;
  let child: ChildProcess | null;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-runner-'));
    child = null;
  });

  afterEach(async () => {
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    await rm(folder, { recursive: true });
  });

  /** Starts the runner on a handler, one source per language. */
  const start = async (sources: { python: string; node: string }): Promise<RunningHandler> => {
    const file = join(folder, type === 'python' ? 'handler.py' : 'handler.ts');
    await writeFile(file, sources[type]);
    await writeFile(join(folder, 'job.json'), '{"job_id":"00000000000000aa"}');
    await writeFile(join(folder, 'config.json'), '{"big":9007199254740993,"list":[1]}');
    const port = await freePort();
    const [program, ...args] = [...runners[type], file];
    const started = spawn(program, args, {
      cwd: folder,
      env: {
        ...process.env,
        CORTEX_PORT: String(port),
        CORTEX_JOB_SPEC: join(folder, 'job.json'),
        CORTEX_CONFIG: join(folder, 'config.json'),
      },
    });
    child = started;
    let output = '';
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (piece: Buffer) => (output += piece.toString()));
    }
    await until('the runner to listen or leave', () => started.exitCode !== null || listens(port));
    return {
      child: started,
      output: () => output,
      post: async (path, body) => {
        const headers = { 'X-Cortex-Batch-ID': '00000000000000aa-7' };
        const url = `http://127.0.0.1:${port}${path}`;
        const response = await fetch(url, { method: 'POST', body, headers });
        return { status: response.status, text: await response.text() };
      },
    };
  };

  it('hands over batch, batch id, configuration and job', async () => {
    const out = join(folder, 'out');
    const handler = await start({
      python: `
import json
class Handler:
    def __init__(self, job_spec, config):
        self.given = [config["list"], job_spec["job_id"]]
    def handle_batch(self, batch_id, payload):
        open(${JSON.stringify(out)}, "w").write(json.dumps([*self.given, batch_id, payload], separators=(",", ":")))
`,
      node: `
import { writeFileSync } from 'node:fs';
export default class {
  given: unknown[];
  constructor(config: { list: number[] }, jobSpec: { job_id: string }) {
    this.given = [config.list, jobSpec.job_id];
  }
  async handleBatch(payload: unknown, batchId: string) {
    writeFileSync(${JSON.stringify(out)}, JSON.stringify([...this.given, batchId, payload]));
  }
}
`,
    });

    expect(await handler.post('/', '[{"b":1,"a":2}, null]')).toEqual({ status: 200, text: '' });
    expect(await readFile(out, 'utf8')).toBe(
      '[[1],"00000000000000aa","00000000000000aa-7",[{"b":1,"a":2},null]]',
    );
    expect((await handler.post('/on-job-complete', '{}')).status).toBe(404);
    expect((await handler.post('/elsewhere', '{}')).status).toBe(404);
    expect((await handler.post('/', 'no JSON')).status).toBe(400);
  });

  it('answers an exception with 500 and goes on', async () => {
    const handler = await start({
      python: `
class Handler:
    def handle_batch(self, payload):
        print("got", len(payload))
        raise RuntimeError("no luck today")
    def on_job_complete(self):
        print("job complete")
`,
      node: `
export default class {
  handleBatch(payload: unknown[]) {
    console.log('got', payload.length);
    throw new Error('no luck today');
  }
  onJobComplete() {
    console.log('job complete');
  }
}
`,
    });

    expect(await handler.post('/', '[1,2]')).toMatchObject({
      status: 500,
      text: expect.stringContaining('no luck today'),
    });
    expect((await handler.post('/on-job-complete', '{}')).status).toBe(200);
    await until('the output', () => handler.output().includes('job complete'));
    expect(handler.output()).toContain('got 2');
    expect(handler.output()).toMatch(/handler\.(py|ts)/); // Of the traceback.
  });

  it.each([
    [
      'has no class',
      { python: 'x = 1\n', node: 'export const x = 1;\n' },
      'Handler class is not defined',
    ],
    [
      'has a class without the method',
      { python: 'class Handler:\n    pass\n', node: 'export default class {}\n' },
      'is not defined in Handler class',
    ],
    [
      'fails while it is imported',
      {
        python: 'raise RuntimeError("broken import")\n',
        node: 'throw new Error("broken import");\n',
      },
      'broken import',
    ],
    [
      'fails in its constructor',
      {
        python:
          'class Handler:\n    def __init__(self):\n        raise RuntimeError("no model")\n    def handle_batch(self): pass\n',
        node: 'export default class { constructor() { throw new Error("no model"); } handleBatch() {} }\n',
      },
      'no model',
    ],
  ])('leaves with 1 when the file %s', async (_case, sources, message) => {
    const handler = await start(sources);
    await until('the end', () => handler.child.exitCode !== null);
    await until('the message', () => handler.output().includes(message));
    expect(handler.child.exitCode).toBe(1);
  });
});

describe('the runner of python functions alone', () => {
  it('keeps integers of any size', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cortex-runner-'));
    const out = join(folder, 'out');
    await writeFile(
      join(folder, 'handler.py'),
      `class Handler:\n    def handle_batch(self, payload):\n        open(${JSON.stringify(out)}, "w").write(str(payload[0] + 1))\n`,
    );
    const port = await freePort();
    const [program, ...args] = [...runners.python, 'handler.py'];
    const env = { ...process.env, CORTEX_PORT: String(port) };
    const child = spawn(program, args, { cwd: folder, env, stdio: 'ignore' });
    await until('the runner to listen', () => listens(port));

    await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '[9007199254740993]' });

    expect(await readFile(out, 'utf8')).toBe('9007199254740994');
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true });
  });
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
