import { once } from 'node:events';
import { type IncomingMessage, request as requestOf } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { aSubmission } from '#test/support/gateway.ts';
import { type S3Gateway, startS3Gateway } from '#test/support/s3-gateway.ts';
import { generatedKeys } from '#test/support/s3-listing.ts';
import { until } from '#test/support/until.ts';
import { dryRunDocument } from '../openapi/documents.schema.ts';

const MANY = 1_000_000;
/** Of these: enough to show what is kept. */
const READ_LINES = 100_000;
/** As S3 lists them. */
const PAGE_KEYS = 1000;
/** Longer than a page takes on a busy machine. */
const QUIET_MS = 500;

let platform: S3Gateway;
beforeAll(async () => {
  platform = await startS3Gateway();
  platform.s3.putListing('bucket', {
    ...generatedKeys(['images/', 'images/img "2".jpg', 'images/img_1.png', 'notes.txt']),
    sizeBytesAt: (index) => 10 ** index,
  });
  platform.s3.putListing('huge', {
    count: MANY,
    keyAt: (index) => `scan/${String(index).padStart(7, '0')}.png`,
  });
});
afterEach(() => platform.proxy.spoil(() => null));
afterAll(() => platform.stop());

const ofSource = (name: string, source: object): string =>
  aSubmission({ item_list: undefined, [name]: { batch_size: 10, ...source } });
const everything = ofSource('file_path_lister', { s3_paths: ['s3://huge/'] });

const dryRun = (body: string, init: RequestInit = {}): Promise<Response> =>
  platform.gateway.request('POST', '/sum?dryRun=true', { body, ...init });
const inJson = { accept: 'application/json' };

const listingCount = (): number =>
  platform.s3.requests.filter((request) => request.startsWith('GET /huge')).length;

/** Resolves when nothing has been listed for a while. */
async function untilQuiet(): Promise<void> {
  let [seen, sinceMs] = [-1, 0];
  await until('the listing to stop', () => {
    if (listingCount() !== seen) [seen, sinceMs] = [listingCount(), performance.now()];
    return performance.now() - sinceMs > QUIET_MS;
  });
}

/** As `dryRun`, for a client that can leave and that sees how an answer ends. */
async function ask(body: string, headers: Record<string, string> = {}) {
  const request = requestOf(`${platform.gateway.url}/sum?dryRun=true`, { method: 'POST', headers });
  request.on('error', () => {}); // A cut is an error, and what is looked for.
  request.end(body);
  const response = await new Promise<IncomingMessage>((resolve) =>
    request.once('response', resolve),
  );
  response.on('error', () => {});
  return { request, response };
}

/** What arrives before the end, and whether that was cut off. */
async function readToTheEnd(body: string, headers: Record<string, string> = {}) {
  const { response } = await ask(body, headers);
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await new Promise((resolve) => response.once('close', resolve));
  return { text, isComplete: response.complete };
}

describe.each(['file_path_lister', 'delimited_files'])('a dry run of %s', (name) => {
  it('answers with a line for each file, and creates and opens nothing', async () => {
    const before = await platform.gateway.eventCount();
    const body = ofSource(name, { s3_paths: ['s3://bucket'], excludes: ['**.txt'] });
    const response = await dryRun(body);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await response.text()).toBe(
      's3://bucket/images/img "2".jpg\ns3://bucket/images/img_1.png\nvalidations passed',
    );
    expect(await platform.gateway.eventCount()).toBe(before);
    expect(platform.s3.requests.filter((request) => request.includes('.png'))).toEqual([]);
  });

  it('answers in JSON when asked to', async () => {
    const body = ofSource(name, { s3_paths: ['s3://bucket/images'] });
    const response = await dryRun(body, { headers: inJson });
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const answer = await response.json();
    expect(answer).toEqual({
      files: ['s3://bucket/images/img "2".jpg', 's3://bucket/images/img_1.png'],
      file_count: 2,
      total_bytes: 110,
    });
    expect(dryRunDocument.parse(answer)).toEqual(answer);
  });
});

describe('a dry run over 1,000,000 keys', () => {
  it('gives the first 100 files within a second', async () => {
    let bestMs = Infinity;
    // Other processes of a busy machine can hold up one answer, hardly three.
    for (let attempt = 0; attempt < 3; attempt++) {
      const startedAt = performance.now();
      const { request, response } = await ask(everything);
      const [chunk] = await once(response, 'data');
      expect(String(chunk).split('\n').length).toBeGreaterThan(100);
      bestMs = Math.min(bestMs, performance.now() - startedAt);
      request.destroy();
    }
    expect(bestMs).toBeLessThan(1000);
  });

  it('keeps none of the files it has sent', async () => {
    const { request, response } = await ask(everything);
    let [lineCount, heapMb] = [0, 0];
    for await (const chunk of response) {
      lineCount += String(chunk).split('\n').length - 1;
      if (heapMb === 0) heapMb = process.memoryUsage().heapUsed / 1e6;
      if (lineCount >= READ_LINES) break;
    }
    request.destroy();
    expect(lineCount).toBeGreaterThanOrEqual(READ_LINES);
    // The paths that were read have 2.5 MB as bytes and many times that as listed files.
    expect(process.memoryUsage().heapUsed / 1e6 - heapMb).toBeLessThan(60);
  }, 60_000);

  it('stops listing when the client goes away', async () => {
    const before = listingCount();
    const { request, response } = await ask(everything);
    await once(response, 'data');
    request.destroy();
    await untilQuiet();
    expect(listingCount() - before).toBeLessThan(MANY / PAGE_KEYS / 2);
  });

  it('stops listing while the client takes no more', async () => {
    const before = listingCount();
    const { request } = await ask(everything);
    await untilQuiet();
    expect(listingCount() - before).toBeLessThan(MANY / PAGE_KEYS / 2);
    request.destroy();
  });
});

const denyPage = (page: number): void => {
  let count = 0;
  // The submission's bucket is looked at once before the listing.
  platform.proxy.spoil(({ path }) =>
    path.startsWith('/huge') && ++count > page
      ? { kind: 'answer', status: 403, code: 'AccessDenied' }
      : null,
  );
};

describe('a dry run that S3 refuses to go on with', () => {
  it('ends with what went wrong and without its last line', async () => {
    denyPage(7);
    const { text, isComplete } = await readToTheEnd(everything);
    expect(isComplete).toBe(false);
    expect(text).not.toContain('validations passed');
    const lines = text.split('\n');
    expect(lines.length).toBeGreaterThan(2 * PAGE_KEYS);
    expect(lines.slice(-3)).toEqual([
      expect.stringMatching(/^s3:\/\/huge\/scan\/\d{7}\.png$/),
      expect.stringMatching(
        /^error: file_path_lister: s3:\/\/huge\/ may not be listed: AccessDenied/,
      ),
      '',
    ]);
  });

  it('is no JSON then', async () => {
    denyPage(7);
    const { text, isComplete } = await readToTheEnd(everything, inJson);
    expect(isComplete).toBe(false);
    expect(text).toMatch(/^\{"files":\["s3:\/\/huge\/scan\/0000000.png"/);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  it('is refused as a submission is when nothing has been sent', async () => {
    denyPage(0);
    expect((await dryRun(everything)).status).toBe(400);
  });
});
