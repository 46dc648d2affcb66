import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import { JOB_ID, runningJob } from '#test/support/gateway-answers.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
  cli.showJob(runningJob);
});
afterEach(() => cli.remove());

const letter = (index: number, changes: object = {}): object => ({
  batch_id: `${JOB_ID}-${index}`,
  index,
  attempt: 3,
  reason: { kind: 'handler.status', message: 'status 500' },
  item_count: 2,
  size_bytes: 5,
  ...changes,
});

const answer = (letters: readonly object[], hasMore = false): object => ({
  dead_letter_queue: { arn: 'arn:aws:sqs:us-east-1:1:failed', max_receive_count: 3 },
  dead_letters: letters,
  has_more: hasMore,
});

describe('cortex dead-letters', () => {
  const path = `GET /v1/jobs/${JOB_ID}/dead-letters`;

  it('prints a line for each batch', async () => {
    const strange = letter(12, {
      item_count: null,
      reason: { kind: 'handler.status', message: 'status\n 500' },
    });
    cli.gateway.on(path, { body: answer([letter(3), strange], true) });
    const { code, stdout } = await cli.run('dead-letters', 'hello-world', JOB_ID);
    expect(code).toBe(0);
    expect(`\n${stdout}`).toBe(`
batch   attempts   items   reason
3       3          2       status 500
12      3          -       status 500
… and more behind them
`);
  });

  it('says that there are none', async () => {
    cli.gateway.on(path, { body: answer([]) });
    const { stdout } = await cli.run('dead-letters', 'hello-world', JOB_ID);
    expect(stdout).toBe('no dead letters\n');
  });

  it('prints items as they were sent, a batch a line', async () => {
    const body = JSON.stringify(answer([letter(0), letter(1)], true))
      .replace('"size_bytes":5', '"size_bytes":5,"payload":[9007199254740993,\n {"b":1,"a":"ü"}]')
      .replace('"size_bytes":5}', '"size_bytes":5,"payload":[1]}');
    cli.gateway.on(`${path}?payload=true`, { body });
    const ended = await cli.run('dead-letters', 'hello-world', JOB_ID, '--payload');
    expect(ended.stdout).toBe('[9007199254740993,{"b":1,"a":"ü"}]\n[1]\n');
    expect(ended.stderr).toBe('there are more behind them\n');
  });

  it('prints JSON as the gateway sent it', async () => {
    cli.gateway.on(path, { body: answer([letter(0)]) });
    const { stdout } = await cli.run('dead-letters', 'hello-world', JOB_ID, '-o', 'json');
    expect(stdout).toBe(`${JSON.stringify(answer([letter(0)]))}\n`);
  });

  it('says whose job it is when it is not of that API', async () => {
    const { code, stderr } = await cli.run('dead-letters', 'other', JOB_ID);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: job ${JOB_ID} belongs to hello-world: cortex dead-letters hello-world ${JOB_ID}\n`,
    );
  });
});
